import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PolicyAgent, PolicyDecision, PolicyQuestion } from '../../src/policy/authorize.ts'
import { authorize, permissions } from '../../src/policy/authorize.ts'

const able: PolicyAgent = {
  agentId: 'otto',
  grants: new Set(['play']),
  permissions: new Set(['read', 'write', 'exec']),
  scopes: new Set(['ledger.sign:playerX', 'mail.send']),
}

type Change = Partial<Omit<PolicyQuestion, 'tool'>> & { readonly tool?: Partial<PolicyQuestion['tool']> }

/** A call that nothing is against, changed. */
const asked = ({ tool, ...rest }: Change = {}): PolicyQuestion => ({
  agent: able,
  isKilled: false,
  isAuditMode: false,
  ...rest,
  tool: { name: 'play', permission: 'write', scopes: [], needsAgent: false, ...tool },
})

const without = (change: Partial<PolicyAgent>): PolicyAgent => ({ ...able, ...change })
const allowed: PolicyDecision = { isAllowed: true }
const denied = (rule: string, missing?: string) => ({ isAllowed: false, rule, ...(missing ? { missing } : {}) })

describe('one rule at a time', () => {
  test.each<{ name: string; change: Change; decision: object }>([
    { name: 'nothing is against it', change: {}, decision: allowed },
    { name: 'a person at a door', change: { agent: undefined }, decision: allowed },
    { name: 'a write while killed', change: { isKilled: true }, decision: denied('kill_switch') },
    {
      name: 'a program while killed',
      change: { isKilled: true, tool: { permission: 'exec' } },
      decision: denied('kill_switch'),
    },
    {
      name: 'a person’s write while killed',
      change: { isKilled: true, agent: undefined },
      decision: denied('kill_switch'),
    },
    { name: 'a read while killed', change: { isKilled: true, tool: { permission: 'read' } }, decision: allowed },
    {
      name: 'a person, where an agent’s folder is needed',
      change: { agent: undefined, tool: { needsAgent: true } },
      decision: denied('agent_only'),
    },
    { name: 'an agent in its folder', change: { tool: { needsAgent: true } }, decision: allowed },
    { name: 'a tool that was not granted', change: { tool: { name: 'other' } }, decision: denied('grant') },
    { name: 'no tool granted at all', change: { agent: without({ grants: new Set() }) }, decision: denied('grant') },
    {
      name: 'a write of who may only read',
      change: { agent: without({ permissions: new Set(['read']) }) },
      decision: denied('permission'),
    },
    {
      name: 'a program of who may write',
      change: { agent: without({ permissions: new Set(['read', 'write']) }), tool: { permission: 'exec' } },
      decision: denied('permission'),
    },
    { name: 'a capability that is held', change: { tool: { scopes: ['ledger.sign:playerX'] } }, decision: allowed },
    {
      name: 'a capability that is not',
      change: { tool: { scopes: ['ledger.sign:playerX', 'ledger.sign:playerO'] } },
      decision: denied('scope', 'ledger.sign:playerO'),
    },
    {
      name: 'a capability by a pattern',
      change: {
        agent: without({ scopes: new Set(['ledger.sign:player*']) }),
        tool: { scopes: ['ledger.sign:playerO'] },
      },
      decision: allowed,
    },
    {
      name: 'a pattern of another capability',
      change: { agent: without({ scopes: new Set(['ledger.read:*']) }), tool: { scopes: ['ledger.sign:playerO'] } },
      decision: denied('scope', 'ledger.sign:playerO'),
    },
    {
      name: 'a star that stands for all capabilities is none',
      change: {
        agent: without({ scopes: new Set(['*', 'ledger*', 'ledger.sign']) }),
        tool: { scopes: ['ledger.sign:x'] },
      },
      decision: denied('scope', 'ledger.sign:x'),
    },
  ])('$name', ({ change, decision }) => {
    expect(authorize(asked(change))).toEqual(decision)
  })
})

test('the first rule that denies is the one that is told', () => {
  const poor: PolicyAgent = { agentId: 'poor', grants: new Set(), permissions: new Set(), scopes: new Set() }
  const tool = { scopes: ['mail.send'], needsAgent: true }
  const rules = [
    authorize(asked({ agent: undefined, isKilled: true, tool })),
    authorize(asked({ agent: undefined, tool })),
    authorize(asked({ agent: poor, tool })),
    authorize(asked({ agent: { ...poor, grants: able.grants }, tool })),
    authorize(asked({ agent: { ...able, scopes: new Set() }, tool })),
  ].map((decision) => (decision.isAllowed ? 'allowed' : decision.rule))
  expect(rules).toEqual(['kill_switch', 'agent_only', 'grant', 'permission', 'scope'])
})

describe('audit mode', () => {
  test.each<{ name: string; change: Change; decision: object }>([
    { name: 'grant', change: { tool: { name: 'other' } }, decision: { isAllowed: true, wouldDeny: 'grant' } },
    {
      name: 'permission',
      change: { agent: without({ permissions: new Set() }) },
      decision: { isAllowed: true, wouldDeny: 'permission' },
    },
    { name: 'scope', change: { tool: { scopes: ['mail.read'] } }, decision: { isAllowed: true, wouldDeny: 'scope' } },
    { name: 'nothing', change: {}, decision: allowed },
    {
      name: 'a signature, never',
      change: { tool: { scopes: ['ledger.sign:playerO'] } },
      decision: denied('scope', 'ledger.sign:playerO'),
    },
    {
      name: 'a signature behind a grant, never',
      change: { tool: { name: 'other', scopes: ['ledger.sign:playerO'] } },
      decision: denied('scope', 'ledger.sign:playerO'),
    },
    { name: 'the kill switch, never', change: { isKilled: true }, decision: denied('kill_switch') },
    {
      name: 'an agent’s folder without an agent, never',
      change: { agent: undefined, tool: { needsAgent: true } },
      decision: denied('agent_only'),
    },
  ])('lets pass: $name', ({ change, decision }) => {
    expect(authorize(asked({ isAuditMode: true, ...change }))).toEqual(decision)
  })
})

const scope = fc.constantFrom('ledger.sign:playerX', 'ledger.sign:playerO', 'mail.send', 'mail.read')
const name = fc.constantFrom('play', 'look')
const set = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 4 }).map((list) => new Set(list))
const question: fc.Arbitrary<PolicyQuestion> = fc.record({
  agent: fc.option(
    fc.record({
      agentId: fc.constant('a'),
      grants: set(name),
      permissions: set(fc.constantFrom(...permissions)),
      scopes: set(scope),
    }),
    { nil: undefined },
  ),
  tool: fc.record({
    name,
    permission: fc.constantFrom(...permissions),
    scopes: fc.array(scope, { maxLength: 3 }),
    needsAgent: fc.boolean(),
  }),
  isKilled: fc.boolean(),
  isAuditMode: fc.boolean(),
})

/** Each rule by itself, as it is written down: does it deny? */
const rules: Readonly<Record<string, (question: PolicyQuestion) => boolean>> = {
  kill_switch: ({ isKilled, tool }) => isKilled && tool.permission !== 'read',
  agent_only: ({ agent, tool }) => agent === undefined && tool.needsAgent,
  grant: ({ agent, tool }) => agent !== undefined && !agent.grants.has(tool.name),
  permission: ({ agent, tool }) => agent !== undefined && !agent.permissions.has(tool.permission),
  scope: ({ agent, tool }) => agent !== undefined && tool.scopes.some((one) => !agent.scopes.has(one)),
}

describe('laws', () => {
  test('deny wins: what any rule denies is not allowed, whatever the others say', () => {
    fc.assert(
      fc.property(question, (given) => {
        const first = Object.keys(rules).find((rule) => rules[rule]?.(given))
        const decision = authorize({ ...given, isAuditMode: false })
        expect(decision.isAllowed ? undefined : decision.rule).toBe(first)
        expect(decision.isAllowed && decision.wouldDeny).toBe(decision.isAllowed ? undefined : false)
      }),
    )
  })

  test('audit mode lets nothing sign, and nothing pass the kill switch, that may not; and tells of all else', () => {
    fc.assert(
      fc.property(question, (given) => {
        const strict = authorize({ ...given, isAuditMode: false })
        const decision = authorize({ ...given, isAuditMode: true })
        const { agent, tool } = given
        const signs =
          agent !== undefined && tool.scopes.some((one) => one.startsWith('ledger.') && !agent.scopes.has(one))
        const isFirm = !strict.isAllowed && (signs || ['kill_switch', 'agent_only'].includes(strict.rule))
        expect(decision.isAllowed).toBe(!isFirm)
        if (decision.isAllowed) expect(decision.wouldDeny).toBe(strict.isAllowed ? undefined : strict.rule)
      }),
    )
  })
})
