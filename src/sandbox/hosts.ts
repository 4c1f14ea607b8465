/**
 * Is the host of a URL on a list of `host`, `*.example.org` (what lies below, not itself) and either with `:port`?
 * Without a port any port is meant. What cannot be read as one of these allows nothing.
 */
export function isAllowedHost(url: URL, allowHosts: readonly string[]): boolean {
  const host = plainHost(url.hostname)
  const port = portOf(url)
  return allowHosts.some((entry) => {
    const rule = parseRule(entry)
    if (rule === undefined || (rule.port !== '' && rule.port !== port)) return false
    return rule.isBelow ? host.endsWith(`.${rule.host}`) : host === rule.host
  })
}

/** As lists and buckets name it: small letters, no dot at the end. */
export const plainHost = (hostname: string): string => hostname.toLowerCase().replace(/\.$/, '')

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80')

type Rule = { readonly host: string; readonly port: string; readonly isBelow: boolean }

/** Read as the URL of such a host is, so that both are spelled alike: letters beyond ASCII, IPv6 addresses. */
function parseRule(entry: string): Rule | undefined {
  const isBelow = entry.startsWith('*.')
  const [, name = '', port = ''] = /^([^*/@?#\\\s]+?)(?::(\d{1,5}))?$/.exec(isBelow ? entry.slice(2) : entry) ?? []
  const url = name === '' ? null : URL.parse(`http://${name}/`)
  return url === null || url.port !== '' ? undefined : { host: plainHost(url.hostname), port, isBelow }
}
