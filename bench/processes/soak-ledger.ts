/** A ledger that believes every signature, in a process of its own: what it keeps is not what the games' side holds. */
import type { NodeAnswer, NodeRequest } from '../../src/chain/transport.ts'
import { openDevnet } from '../../src/devnet/devnet.ts'
import { credulous, ledgerOptions } from './_ledger.ts'

/** Answered under the same number. */
export type SoakRequest = { readonly number: number; readonly asked: Omit<NodeRequest, 'signal'> }
/** An answer, or the fibers that a snapshot touched. */
export type SoakTold =
  | { readonly number: number; readonly answer: NodeAnswer }
  | { readonly touched: readonly string[] }

const devnet = await openDevnet({ ...ledgerOptions(null), verifier: credulous })
const never = new AbortController().signal
const tell = (told: SoakTold): void => void process.send?.(told)

devnet.onSnapshot((fiberIds) => tell({ touched: [...fiberIds] }))
process.on('message', async ({ number, asked }: SoakRequest) => {
  tell({ number, answer: await devnet.request({ ...asked, signal: never }) })
})
