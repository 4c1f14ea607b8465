import { expect, test } from 'vitest'
import { isAllowedHost } from '../../src/sandbox/hosts.ts'

test.each([
  { url: 'https://example.org/a', list: [], isAllowed: false },
  { url: 'https://example.org/a', list: ['example.org'], isAllowed: true },
  { url: 'https://EXAMPLE.org./a', list: ['Example.ORG'], isAllowed: true },
  { url: 'https://a.example.org', list: ['example.org'], isAllowed: false },
  { url: 'https://a.b.example.org', list: ['*.example.org'], isAllowed: true },
  { url: 'https://example.org', list: ['*.example.org'], isAllowed: false },
  { url: 'https://badexample.org', list: ['*.example.org'], isAllowed: false },
  { url: 'https://example.org:8443', list: ['example.org'], isAllowed: true },
  { url: 'https://example.org', list: ['example.org:443'], isAllowed: true },
  { url: 'http://example.org', list: ['example.org:443'], isAllowed: false },
  { url: 'https://example.org:8443', list: ['*.org:8443'], isAllowed: true },
  { url: 'http://[::1]:80', list: ['[::1]:80'], isAllowed: true },
  { url: 'http://0x7f.1', list: ['127.0.0.1'], isAllowed: true },
  { url: 'http://bücher.example', list: ['bücher.example'], isAllowed: true },
  {
    url: 'https://example.org',
    list: ['*', '', '*.', 'https://example.org', 'example.org/a', 'u@example.org', '*.*'],
    isAllowed: false,
  },
])('$url with $list: $isAllowed', ({ url, list, isAllowed }) => {
  expect(isAllowedHost(new URL(url), list)).toBe(isAllowed)
})
