import type { ReactNode } from 'react'
import { Component } from 'react'
import { t } from '../texts.ts'

type Props = { readonly children: ReactNode }

/** A view that fails leaves the rest of the page standing. */
export class Boundary extends Component<Props, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false }
  static getDerivedStateFromError() {
    return { hasFailed: true }
  }
  override render() {
    if (!this.state.hasFailed) return this.props.children
    return (
      <section className="note bad" role="alert">
        <p>{t.errors.broken}</p>
        <button type="button" onClick={() => location.reload()}>
          {t.errors.retry}
        </button>
      </section>
    )
  }
}
