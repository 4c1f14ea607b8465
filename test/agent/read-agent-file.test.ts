import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/agent/errors.ts'
import { readAgentFile } from '../../src/agent/read-agent-file.ts'

const tools = ['fs.read', 'FS.Read', 'fs.write', 'grep', 'ttt_get_state', 'filesystem.read_file']
const agent = (name: string, more = '') => `name: ${name}\nmodel: llama3.2\nsystem_prompt: Hello.\n${more}`
const prompt = (text: string) => `name: a\nmodel: m\nsystem_prompt: '${text}'\n`
/** `ref('A')` is a reference to the variable A. */
const ref = (inner: string) => `\${${inner}}`

type Words = Readonly<Record<string, string>>

/** The agent of one text, and its faults as `line:column path: fact`. */
async function check(text: string, variables: Words = {}, files: Words = {}) {
  const all: Words = { ...files, 'a.yml': text }
  const readFile = async (path: string) => all[path] ?? Promise.reject(new TypeError('There is no such file.'))
  const { spec, faults } = await readAgentFile('a.yml', { variables, tools, readFile })
  return { spec, faults: faults.map(({ line, column, path, fact }) => `${line}:${column} ${path}: ${fact}`) }
}

describe('each fault has its place', () => {
  test.each([
    { name: 'nothing', text: '', faults: ['1:1 : must be a map'] },
    { name: 'a list', text: '- a\n', faults: ['1:1 : must be a map'] },
    {
      name: 'members that are missing',
      text: 'description: x\n',
      faults: ['1:1 name: it is missing', '1:1 model: it is missing', '1:1 system_prompt: it is missing'],
    },
    {
      name: 'a member that is missing further in',
      text: agent('a', 'test_profiles:\n  unit:\n    args: [x]\n'),
      faults: ['6:5 test_profiles.unit.command: it is missing'],
    },
    { name: 'another kind of value', text: agent('a', 'tools: fs.read\n'), faults: ['4:8 tools: must be a list'] },
    {
      name: 'unknown members, and what may have been meant',
      text: agent('a', 'max_token: 3\nbudgets:\n  tokns: 4\nzebra: 1\n'),
      faults: [
        '4:1 max_token: there is no member named max_token; max_tokens is near',
        '6:3 budgets.tokns: there is no member named tokns; tokens is near',
        '7:1 zebra: there is no member named zebra',
      ],
    },
    {
      name: 'unknown tools, at their places in the list',
      text: agent('a', 'tools:\n  - grep\n  - fs.raed\n  - fs_read\n  - teleport\n'),
      faults: [
        '6:5 tools.1: there is no tool named fs.raed; fs.read is near',
        '7:5 tools.2: there is no tool named fs_read; fs.read is near',
        '8:5 tools.3: there is no tool named teleport',
      ],
    },
    {
      name: 'words and numbers out of bounds',
      text: agent('a', 'provider: olama\npermissions: [reed]\nbudgets: { time: 0, cost_usd: 11 }\nmax_tokens: 20.5\n'),
      faults: [
        '4:11 provider: must be one of ollama, openai, anthropic, scripted',
        '5:15 permissions.0: must be one of read, write, exec',
        '6:18 budgets.time: must be more than 0',
        '6:31 budgets.cost_usd: must be at most 10',
        '7:13 max_tokens: must be a whole number',
      ],
    },
    {
      name: 'a name that is none',
      text: agent('A b'),
      faults: ['1:7 name: must be 1 to 64 of a-z, 0-9 and -, a letter first'],
    },
    {
      name: 'a name of a profile that is none',
      text: agent('a', 'test_profiles:\n  A!: { command: x }\n'),
      faults: ['5:3 test_profiles."A!": this name must match /^[a-z][a-z0-9-]{0,31}$/'],
    },
    { name: 'a number in quotes', text: agent('a', 'queue: "7"\n'), faults: ['4:8 queue: must be a number'] },
    {
      name: 'an expression that is none',
      text: agent('a', "redact: ['(a']\n"),
      faults: ['4:10 redact.0: it is no regular expression of RE2'],
    },
    { name: 'a key that is there twice', text: agent('a', 'name: b\n'), faults: ['4:1 name: it is there twice'] },
    {
      name: 'a tag of YAML',
      text: agent('a', 'queue: !!int 3\n'),
      faults: ['4:14 queue: tags are not taken; write a plain value'],
    },
    {
      name: 'a tag of somebody',
      text: agent('a', 'description: !run ls\n'),
      faults: ['4:19 description: tags are not taken; write a plain value'],
    },
    {
      name: 'an anchor and an alias',
      text: agent('a', 'description: &x y\nprovider: *x\n'),
      faults: [
        '4:17 description: anchors are not taken; write the value out',
        '5:11 provider: aliases are not taken; write the value out',
      ],
    },
    { name: 'a key that is a list', text: agent('a', '? [x]\n: 1\n'), faults: ['4:3 : a key must be a plain word'] },
    {
      name: 'two documents',
      text: `${agent('a')}---\n${agent('b')}`,
      faults: ['4:1 : there must be one document in a file'],
    },
    { name: 'a tab', text: '\tname: a\n', faults: ['1:1 : a tab stands where blanks must'] },
    {
      name: 'a bracket that is left open',
      text: 'name: [a\n',
      faults: ['2:1 : the indentation does not fit, or a bracket is not closed'],
    },
  ])('$name', async ({ text, faults }) => {
    const found = await check(text)
    expect(found.faults).toEqual(faults)
    expect(found.spec).toBeUndefined()
  })

  test('the error over all of them names file, line, column and path, and the next step', async () => {
    const readFile = async () => agent('a', 'tools: [gerp]\n')
    const { faults } = await readAgentFile('x/a.yml', { variables: {}, tools, readFile })
    const error = new ConfigError(faults)
    expect(error.code).toBe('CONFIG_ERROR')
    expect(error.message).toBe('x/a.yml:4:9 tools.0: there is no tool named gerp; grep is near')
    expect(error.hint).toContain('otto agent validate')
  })
})

describe('references', () => {
  test.each([
    { text: ref('WORD'), gives: 'value' },
    { text: `${ref('env:WORD')}!`, gives: 'value!' },
    { text: ref('NONE:-other'), gives: 'other' },
    { text: ref('NONE:-'), gives: undefined },
    { text: ref('env:NONE:-a:-b'), gives: 'a:-b' },
    { text: ref('EMPTY:-filled'), gives: 'filled' },
    { text: `${ref('WORD:-other')} and ${ref('WORD')}`, gives: 'value and value' },
    { text: `$${ref('WORD')}`, gives: ref('WORD') },
    { text: 'costs $5 {x} $WORD', gives: 'costs $5 {x} $WORD' },
    { text: ref('file:/run/secrets/x'), gives: 'from a file' },
    { text: ref('TRICK'), gives: ref('WORD') },
  ])('$text gives $gives', async ({ text, gives }) => {
    const variables = { WORD: 'value', EMPTY: '', TRICK: ref('WORD') }
    const { spec } = await check(prompt(text), variables, { '/run/secrets/x': ' from a file\n' })
    expect(spec?.system_prompt).toBe(gives)
  })

  test.each([
    { text: ref('NONE'), fact: 'the variable NONE is not set' },
    { text: ref('env:EMPTY'), fact: 'the variable EMPTY is not set' },
    { text: ref('toString'), fact: 'the variable toString is not set' },
    {
      text: ref('file:/none'),
      fact: expect.stringMatching(/^the file of .* cannot be read, is no text, or has more than 4096 bytes$/),
    },
    { text: '${WORD', fact: 'a reference is not closed by }' },
    { text: ref('NONE:-${B'), fact: expect.stringContaining(`this is no reference: write ${ref('NAME')}`) },
    { text: ref('file:relative'), fact: expect.stringContaining('this is no reference') },
    { text: ref(''), fact: expect.stringContaining('this is no reference') },
  ])('$text is a fault', async ({ text, fact }) => {
    const readFile = async (path: string) => (path === 'a.yml' ? prompt(text) : Promise.reject(new TypeError('none')))
    const { spec, faults } = await readAgentFile('a.yml', { variables: { WORD: 'value', EMPTY: '' }, tools, readFile })
    expect(spec).toBeUndefined()
    expect(faults).toEqual([{ file: 'a.yml', line: 3, column: 16, path: 'system_prompt', fact }])
  })

  test('what one gives is read as a number where a number is wanted, and checked as one', async () => {
    const text = agent(
      'a',
      `queue: ${ref('QUEUE')}\nbudgets:\n  time: ${ref('TIME:-2.5')}\ntools: ["${ref('TOOL')}"]\n`,
    )
    const { spec } = await check(text, { QUEUE: '7', TOOL: 'grep' })
    expect(spec).toMatchObject({ queue: 7, budgets: { time: 2.5 }, tools: ['grep'] })
    const faultsFor = async (value: string) => (await check(text, { QUEUE: value, TOOL: 'grep' })).faults
    expect(await faultsFor('seven')).toEqual(['4:8 queue: must be a number'])
    expect(await faultsFor('0x7')).toEqual(['4:8 queue: must be a number'])
    expect(await faultsFor('1.5')).toEqual(['4:8 queue: must be a whole number'])
    expect(await faultsFor('-1')).toEqual(['4:8 queue: must be at least 0'])
    expect((await check(agent(ref('N')), { N: 'n7' })).spec?.name).toBe('n7')
  })

  test('a tool that a reference names is not told where there is none', async () => {
    const { faults } = await check(agent('a', `tools: ["${ref('TOOL')}"]\n`), { TOOL: 'gerp' })
    expect(faults).toEqual(['4:9 tools.0: there is no tool of the name that stands there'])
  })

  test('law: no fault tells a value, wherever it stands', async () => {
    const members = ['name', 'description', 'provider', 'model', 'temperature', 'max_tokens', 'isolation'] as const
    const lists = ['tools', 'permissions', 'scopes', 'redact'] as const
    await fc.assert(
      fc.asyncProperty(fc.subarray([...members]), fc.subarray([...lists]), async (some, others) => {
        const lines = [
          ...some.map((member) => `${member}: "${ref('VALUE')}"`),
          ...others.map((member) => `${member}: ["${ref('VALUE')}", "a${ref('VALUE')}"]`),
          `budgets: { time: "${ref('VALUE')}", "$x": 1 }`,
        ]
        const { faults } = await check(lines.join('\n'), { VALUE: 'otter\u0007(hidden' })
        expect(faults.length).toBeGreaterThan(0)
        expect(faults.join()).not.toMatch(/otter|hidden/)
      }),
      { numRuns: 50 },
    )
  })
})

/** Keys that open nothing, put together here so that no scanner takes this file for a leak. */
const fake = {
  openAi: `sk-${'abcd1234'.repeat(3)}`,
  anthropic: `sk-ant-${'abcd1234'.repeat(3)}`,
  aws: `AKIA${'ABCD1234'.repeat(2)}`,
  jwt: ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'abcd1234abcd1234'].join('.'),
  gitHub: `ghp_${'abcd1234'.repeat(5)}`,
  pem: `-----BEGIN EC PRIVATE ${'KEY'}-----\n  ${'abcd1234'.repeat(8)}`,
  password: `https://me:${'abcd1234'}@example.org`,
  random: 'abcd1234ZkPxVmTbLsWc',
}

describe('credentials', () => {
  test.each([
    { name: 'of OpenAI', line: `description: ${fake.openAi}`, at: 'description' },
    { name: 'of Anthropic', line: `redact: [x, "x ${fake.anthropic}"]`, at: 'redact.1' },
    { name: 'of AWS', line: `redact: [${fake.aws}]`, at: 'redact.0' },
    { name: 'a JWT', line: `description: ${fake.jwt}`, at: 'description' },
    { name: 'of GitHub', line: `description: ${fake.gitHub}`, at: 'description' },
    { name: 'as PEM', line: `description: |\n  ${fake.pem}`, at: 'description' },
    { name: 'a password in an address', line: `http: { allow: ["${fake.password}"] }`, at: 'http.allow.0' },
    { name: 'as a default', line: `description: "${ref(`KEY:-${fake.openAi}`)}"`, at: 'description' },
    { name: 'under a name for them', line: `budgets: { api_key: ${fake.random} }`, at: 'budgets.api_key' },
    { name: 'in a list of such a name', line: `client_secrets: [${fake.random}]`, at: 'client_secrets.0' },
    { name: 'in a comment', line: `# key: ${fake.openAi}`, at: '' },
    { name: 'as a key', line: `${fake.openAi}: x`, at: '' },
  ])('$name: refused, and not repeated', async ({ line, at }) => {
    const readFile = async () => agent('a', `${line}\n`)
    const { spec, faults } = await readAgentFile('a.yml', { variables: { KEY: 'k' }, tools, readFile })
    expect(spec).toBeUndefined()
    const told = faults.filter(({ fact }) => fact.startsWith('this looks like a credential'))
    expect(told.map(({ path }) => path)).toEqual([at])
    expect(told[0]?.fact).toContain('put it into an environment variable')
    expect(JSON.stringify(faults)).not.toMatch(/abcd|eyJ/i)
  })

  test.each([
    { name: 'a reference', line: `description: "${ref('API_TOKEN')}"` },
    { name: 'an expression that finds them', line: "redact: ['sk-[A-Za-z0-9]{20,}', '-----BEGIN [A-Z ]*KEY-----']" },
    { name: 'words', line: 'description: ask-me-about-the-token-bucket and task-of-the-day-and-more' },
    { name: 'a count of tokens', line: 'budgets: { tokens: 200000 }' },
    { name: 'a hash', line: `description: ${'0123456789abcdef'.repeat(4)}` },
  ])('$name is none', async ({ line }) => {
    expect((await check(agent('a', `${line}\n`), { API_TOKEN: fake.openAi })).faults).toEqual([])
  })
})

describe('whatever the text', () => {
  const pieces = [
    ...['name: a', 'model: m', '- ', '? ', ': ', '{', '}', '[', ']', '&x ', '*x', '!!str ', '"', "'", '|', '>'],
    ...['\n', '\n  ', '\t', '#', '---\n', '...\n', '%YAML 1.2\n', '<<: ', '${', '}', ref('A:-b'), '$${', '__proto__: '],
  ]
  const yamlish = fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 8, unit: 'binary' })), { maxLength: 40 })
    .map((parts) => parts.join(''))

  test('law: it is an agent or it has faults, and it never throws', async () => {
    const texts = fc.oneof(
      yamlish,
      fc.string({ unit: 'binary' }),
      yamlish.map((text) => agent('a', text)),
    )
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const { spec, faults } = await readAgentFile('a.yml', { variables: {}, tools, readFile: async () => text })
        expect(spec === undefined).toBe(faults.length > 0)
        for (const { line, column, path, fact } of faults) {
          expect(Math.min(line, column)).toBeGreaterThanOrEqual(1)
          expect(path + fact).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test.each([
    { name: 'brackets', text: '['.repeat(256 * 1024) },
    { name: 'keys', text: Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`).join('\n') },
    { name: 'references', text: agent('a', `description: "${'${A:-b'.repeat(30_000)}"\n`) },
    { name: 'what begins like a JWT', text: agent('a', `description: ${'-eyJ'.repeat(60_000)}\n`) },
    {
      name: 'aliases upon aliases',
      text: ['a0: &a0 x', ...Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`)].join('\n'),
    },
  ])('a file full of $name ends in at most 50 faults', { timeout: 30_000 }, async ({ text }) => {
    const { faults } = await check(text)
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.length).toBeLessThanOrEqual(50)
  })
})
