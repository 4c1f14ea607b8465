import { expect, test } from 'vitest'
import { parseConfig } from '../src/config.ts'

test('runs on its defaults: loopback, port 8080, an embedded workchain ledger', () => {
  expect(parseConfig({})).toMatchObject({
    http: { host: '127.0.0.1', port: 8080 },
    dialect: { name: 'workchain' },
    nodes: undefined,
    devnet: { dataDir: 'var/otto', l1Port: 9000, l0Port: 9100, extensions: true, snapshotMs: 0 },
    tools: { deadlineMs: 30_000, exposeSimulate: false },
    wallet: { dir: 'wallets' },
  })
})

test('takes several addresses of a real metagraph', () => {
  const { nodes } = parseConfig({ OTTO_L1_URL: 'http://a:9000, http://b:9000', OTTO_L0_URL: 'http://a:9100' })
  expect(nodes).toEqual({ l1: ['http://a:9000', 'http://b:9000'], l0: ['http://a:9100'] })
})

test('counts an empty variable as absent', () => {
  expect(parseConfig({ OTTO_PORT: '', OTTO_L1_URL: '' })).toEqual(parseConfig({}))
})

test.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost'])('listens on %s', (host) => {
  expect(parseConfig({ OTTO_HOST: host }).http.host).toBe(host)
})

test.each([
  { env: { OTTO_HOST: '0.0.0.0' }, says: 'OTTO_HOST must be a loopback address' },
  { env: { OTTO_HOST: '192.168.0.1' }, says: 'OTTO_HOST must be a loopback address' },
  { env: { OTTO_HOST: '127.evil.example' }, says: 'OTTO_HOST must be a loopback address' },
  { env: { OTTO_API_TOKEN: 'x'.repeat(31) }, says: 'OTTO_API_TOKEN must be 32' },
  { env: { OTTO_API_TOKEN: ` ${'x'.repeat(40)}` }, says: 'OTTO_API_TOKEN must be 32' },
  { env: { OTTO_API_TOKEN: 'x'.repeat(32), OTTO_API_TOKEN_FILE: 'f' }, says: 'exclude each other' },
  { env: { OTTO_PORT: '65536' }, says: 'OTTO_PORT' },
  { env: { OTTO_L0_URL: 'http://a' }, says: 'go together' },
  { env: { OTTO_L1_URL: 'ftp://a', OTTO_L0_URL: 'http://a' }, says: 'OTTO_L1_URL' },
  { env: { OPENAI_API_KEY: 'two words' }, says: 'OPENAI_API_KEY must be visible ASCII characters' },
  { env: { OTTO_SIGNING: 'external' }, says: 'OTTO_SIGNING must be auto or confirm' },
  { env: { OTTO_DEVNET_EXTENSIONS: 'maybe' }, says: 'OTTO_DEVNET_EXTENSIONS must be on or off' },
  { env: { NODE_ENV: 'production' }, says: 'OTTO_ALLOW_AUTOSIGN' },
  { env: { OTTO_WALLET_PASSWORD: 'hunter2', OTTO_WALLET_PASSWORD_FILE: 'f' }, says: 'exclude each other' },
])('refuses $env', ({ env, says }) => {
  expect(() => parseConfig(env)).toThrow(says)
})

test.each([{ OTTO_API_TOKEN: 'x'.repeat(32) }, { OTTO_API_TOKEN_FILE: '/run/secrets/token' }])(
  'listens beyond loopback where callers must show a token',
  (token) => {
    expect(parseConfig({ OTTO_HOST: '0.0.0.0', ...token }).http.host).toBe('0.0.0.0')
  },
)

test('names every wrong variable at once, and no value', () => {
  const wrong = () => parseConfig({ OTTO_PORT: 'sekret', OTTO_DIALECT: 'klingon', OTTO_LOG_LEVEL: 'loud' })
  expect(wrong).toThrow(/OTTO_PORT.*OTTO_DIALECT.*OTTO_LOG_LEVEL/)
  expect(wrong).not.toThrow(/sekret|klingon|loud/)
})

test('signs unasked in production only when that is allowed in so many words', () => {
  expect(() => parseConfig({ NODE_ENV: 'production', OTTO_ALLOW_AUTOSIGN: 'true' })).not.toThrow()
})
