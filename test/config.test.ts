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
  { env: { OTTO_RATE_WRITES: '10' }, says: 'OTTO_RATE_WRITES must be a rate a second and a burst' },
  { env: { OTTO_RATE_READS: '0/10' }, says: 'OTTO_RATE_READS must be a rate a second and a burst' },
  { env: { OTTO_RATE_CHATS: '2/1.5' }, says: 'OTTO_RATE_CHATS must be a rate a second and a burst' },
  { env: { OTTO_MAX_WRITES: '0' }, says: 'OTTO_MAX_WRITES' },
  { env: { OTTO_TRUST_PROXY: '10.0.0.0/33' }, says: 'OTTO_TRUST_PROXY' },
  { env: { OTTO_TRUST_PROXY: 'proxy.example' }, says: 'OTTO_TRUST_PROXY' },
  { env: { OTTO_TRUST_PROXY: '10.0.0.1,10.0.0.0/8/8' }, says: 'OTTO_TRUST_PROXY' },
  { env: { OTTO_L0_URL: 'http://a' }, says: 'go together' },
  { env: { OTTO_L1_URL: 'ftp://a', OTTO_L0_URL: 'http://a' }, says: 'OTTO_L1_URL' },
  { env: { OPENAI_API_KEY: 'two words' }, says: 'OPENAI_API_KEY must be visible ASCII characters' },
  { env: { OTTO_SIGNING: 'off' }, says: 'OTTO_SIGNING must be auto, confirm or external' },
  { env: { OTTO_SIGNING: 'external' }, says: 'OTTO_SIGNER_URL must name the signer' },
  { env: { OTTO_SIGNER_URL: 'http://127.0.0.1:7070' }, says: 'OTTO_SIGNER_URL goes with OTTO_SIGNING=external' },
  { env: { OTTO_SIGNING: 'external', OTTO_SIGNER_URL: 'ftp://a' }, says: 'OTTO_SIGNER_URL must be an http(s)' },
  { env: { OTTO_SIGNING: 'external', OTTO_SIGNER_URL: 'http://me:word@a' }, says: 'without user, query and fragment' },
  { env: { OTTO_SIGNER_TOKEN: 'short' }, says: 'OTTO_SIGNER_TOKEN must be 32' },
  { env: { OTTO_SIGNER_TOKEN: 'x'.repeat(32), OTTO_SIGNER_TOKEN_FILE: 'f' }, says: 'exclude each other' },
  { env: { OTTO_DEVNET_EXTENSIONS: 'maybe' }, says: 'OTTO_DEVNET_EXTENSIONS must be on or off' },
  { env: { NODE_ENV: 'production' }, says: 'OTTO_ALLOW_AUTOSIGN' },
  { env: { OTTO_WALLET_PASSWORD: 'hunter2', OTTO_WALLET_PASSWORD_FILE: 'f' }, says: 'exclude each other' },
])('refuses $env', ({ env, says }) => {
  expect(() => parseConfig(env)).toThrow(says)
})

test('counts callers by rates and bursts, unless told not to', () => {
  expect(parseConfig({ OTTO_RATE_CHATS: '1/3' }).http.rates).toEqual({
    write: { perSecond: 10, burst: 40 },
    read: { perSecond: 100, burst: 300 },
    chat: { perSecond: 1, burst: 3 },
  })
  expect(parseConfig({ OTTO_RATE_LIMIT: 'off' }).http.rates).toBeUndefined()
})

test('trusts proxies by address and by network', () => {
  const { trustedProxies } = parseConfig({ OTTO_TRUST_PROXY: '10.0.0.0/8, ::1,2001:db8::/32' }).http
  expect(trustedProxies).toEqual(['10.0.0.0/8', '::1', '2001:db8::/32'])
})

test.each([
  { OTTO_API_TOKEN: 'x'.repeat(32) },
  { OTTO_API_TOKEN_FILE: '/run/secrets/token' },
  { OTTO_API_TOKENS_FILE: '/run/secrets/tokens' },
])('listens beyond loopback where callers must show a token', (token) => {
  expect(parseConfig({ OTTO_HOST: '0.0.0.0', ...token }).http.host).toBe('0.0.0.0')
})

test('names every wrong variable at once, and no value', () => {
  const wrong = () => parseConfig({ OTTO_PORT: 'sekret', OTTO_DIALECT: 'klingon', OTTO_LOG_LEVEL: 'loud' })
  expect(wrong).toThrow(/OTTO_PORT.*OTTO_DIALECT.*OTTO_LOG_LEVEL/)
  expect(wrong).not.toThrow(/sekret|klingon|loud/)
})

test('signs unasked in production only when that is allowed in so many words', () => {
  expect(() => parseConfig({ NODE_ENV: 'production', OTTO_ALLOW_AUTOSIGN: 'true' })).not.toThrow()
})
