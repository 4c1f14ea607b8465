import { ServiceError } from '../../api/errors.ts'
import { t } from '../../texts.ts'
import { Failure } from '../../ui/states.tsx'
import { isOpenEnd } from './open-end.ts'

type Props = { readonly error: unknown; readonly onAgain: () => void; readonly onDrop: () => void }

/** What was asked for did not happen, or nobody knows yet: the fact, and the way on. */
export function Refusal({ error, onAgain, onDrop }: Props) {
  if (isOpenEnd(error)) return <Open onAgain={onAgain} onDrop={onDrop} />
  if (error instanceof ServiceError && error.code === 'APPROVAL_NEEDED') return <Approval onAgain={onAgain} />
  return <Failure error={error} onRetry={onAgain} />
}

const Open = ({ onAgain, onDrop }: Omit<Props, 'error'>) => (
  <section className="note" role="status">
    <p>{t.game.notKnown}</p>
    <div className="row centred">
      <button type="button" onClick={onAgain}>
        {t.game.askAgain}
      </button>
      <button type="button" onClick={onDrop}>
        {t.game.letBe}
      </button>
    </div>
  </section>
)

const Approval = ({ onAgain }: Pick<Props, 'onAgain'>) => (
  <section className="note" role="status">
    <p>{t.game.approval}</p>
    <div className="row centred">
      {/* A tab of its own, so that what waits here can be sent again; `opener` lets it have this tab's token. */}
      <a href="/ui/chat" target="_blank" rel="noopener opener">
        {t.game.approve}
      </a>
      <button type="button" onClick={onAgain}>
        {t.errors.retry}
      </button>
    </div>
  </section>
)
