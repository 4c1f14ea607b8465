import type { ChatObserver } from '../chat/create-chat.ts'
import type { ObserveRequest } from '../core/observe.ts'
import type { TurnObserver } from '../llm/turn.ts'
import { createChildren } from './_children.ts'
import type { Instruments } from './_instruments.ts'
import type { ObserveLedger } from './observed-chain.ts'
import type { ObserveGas } from './observed-engine.ts'
import type { ToolObserver } from './observed-tools.ts'

// Children are found word by word, one look-up each: joining the words to a key would cost more than counting.

/** Counts calls of tools, writes under way and open games. */
export function toolObserver({ toolCalls, toolSeconds, writesInFlight, gamesOpen }: Instruments): ToolObserver {
  const childrenOf = createChildren((tool) => ({
    observe: toolSeconds.child(tool),
    count: createChildren((outcome) => createChildren((code) => toolCalls.child(tool, outcome, code))),
  }))
  return {
    onCall({ tool, outcome, code, seconds }) {
      const { observe, count } = childrenOf(tool)
      observe(seconds)
      count(outcome)(code)()
    },
    onWrites: writesInFlight.set,
    onOpenGames: gamesOpen.set,
  }
}

/** Times operations on the ledger. */
export function ledgerObserver({ ledgerSeconds }: Instruments): ObserveLedger {
  const childOf = createChildren((operation) => createChildren((outcome) => ledgerSeconds.child(operation, outcome)))
  return (operation, outcome, seconds) => childOf(operation)(outcome)(seconds)
}

/** Notes the gas of events. */
export function gasObserver({ gas }: Instruments): ObserveGas {
  const childOf = createChildren((event) => createChildren((outcome) => gas.child(event, outcome)))
  return (event, outcome, amount) => childOf(event)(outcome)(amount)
}

const servedMethods: readonly string[] = ['GET', 'HEAD', 'POST', 'OPTIONS']

/** Counts and times HTTP requests. Unknown paths are one route, `none`; unusual methods one method, `other`. */
export function requestObserver({ httpRequests, httpSeconds }: Instruments): ObserveRequest {
  const childrenOf = createChildren((route) => ({
    observe: httpSeconds.child(route),
    count: createChildren((method) => createChildren((status) => httpRequests.child(method, route, status))),
  }))
  return ({ method, route = 'none', status, seconds }) => {
    const { observe, count } = childrenOf(route)
    observe(seconds)
    count(servedMethods.includes(method) ? method : 'other')(String(status))()
  }
}

/** Counts and times turns of chats. All words are from fixed sets of ours. */
export function chatObserver(instruments: Instruments): ChatObserver & TurnObserver {
  const { chatTurns, chatSeconds, chatRounds, chatRepairs, chatRefusals, chatCorrections } = instruments
  const turns = createChildren((finish) => chatTurns.child(finish))
  const repairs = createChildren((kind) => chatRepairs.child(kind))
  const refusals = createChildren((kind) => chatRefusals.child(kind))
  const corrections = createChildren((kind) => chatCorrections.child(kind))
  const observeSeconds = chatSeconds.child()
  const observeRounds = chatRounds.child()
  return {
    repair: (kind) => repairs(kind)(),
    refusal: (kind) => refusals(kind)(),
    correction: (kind) => corrections(kind)(),
    turn({ finish, seconds, rounds }) {
      turns(finish)()
      observeSeconds(seconds)
      observeRounds(rounds)
    },
  }
}
