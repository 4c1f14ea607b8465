import { useState } from 'react'
import { fill, language, t } from '../../texts.ts'
import { Failure } from '../../ui/states.tsx'
import type { Approval } from './use-approvals.ts'
import { useApprovals, useDecision } from './use-approvals.ts'

type Props = { readonly onDecided: (approval: Approval, isAllowed: boolean) => void }

/** The writes that wait for a person, to be answered here; nothing where none waits. */
export function Approvals({ onDecided }: Props) {
  const { data } = useApprovals()
  const [told, setTold] = useState<string>()
  const decision = useDecision((approval, isAllowed) => {
    setTold(isAllowed ? t.chat.allowed : t.chat.refused)
    onDecided(approval, isAllowed)
  })
  const waiting = data?.approvals ?? []
  return (
    <section className="approvals" aria-label={t.chat.approvals} aria-live="polite">
      {waiting.length > 0 && <h2>{t.chat.approvals}</h2>}
      {waiting.map((approval) => (
        <Waiting
          key={approval.id}
          approval={approval}
          isBusy={decision.isPending}
          onAnswer={(approve) => decision.mutate({ approval, approve })}
        />
      ))}
      {decision.error !== null ? <Failure error={decision.error} /> : told && <p className="quiet">{told}</p>}
    </section>
  )
}

const clock = new Intl.DateTimeFormat(language, { timeStyle: 'short' })
const writes: Readonly<Record<string, string>> = t.chat.writes

type WaitingProps = {
  readonly approval: Approval
  readonly isBusy: boolean
  readonly onAnswer: (approve: boolean) => void
}

function Waiting({ approval: { tool, args, principal, expiresAt }, isBusy, onAnswer }: WaitingProps) {
  const words = Object.fromEntries(Object.entries(args).map(([name, value]) => [name, String(value)]))
  return (
    <article className="card waiting">
      <p>
        {t.chat.approvalLead} <strong>{fill(writes[tool] ?? tool, words)}</strong>
      </p>
      <p className="quiet">
        <code>{tool}</code> <code className="args">{JSON.stringify(args)}</code>
      </p>
      <p className="quiet">{fill(t.chat.approvalBy, { principal, time: clock.format(new Date(expiresAt)) })}</p>
      <div className="row">
        <button type="button" className="main" disabled={isBusy} onClick={() => onAnswer(true)}>
          {t.chat.allow}
        </button>
        <button type="button" disabled={isBusy} onClick={() => onAnswer(false)}>
          {t.chat.refuse}
        </button>
      </div>
    </article>
  )
}
