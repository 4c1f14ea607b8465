import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8')

export type ComposeService = {
  readonly image?: string
  readonly profiles?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number | null>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly [key: string]: unknown
}
export type Compose = { readonly services: Readonly<Record<string, ComposeService>>; readonly [key: string]: unknown }

/** The compose file with the defaults of its variables, as an empty environment gives them. */
export const readCompose = async (): Promise<Compose> =>
  parse((await read('docker-compose.yml')).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'), { merge: true })

/** The last stage of the Dockerfile, by instruction. */
export async function readImage() {
  const stages = (await read('Dockerfile')).split(/^FROM /m)
  const lines = (stages.at(-1) ?? '').split('\n')
  const all = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []))
  const [command = ''] = all('CMD')
  const [, health = ''] = all('HEALTHCHECK')[0]?.split(' CMD ') ?? []
  return {
    environment: Object.fromEntries(all('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('=')))),
    copies: all('COPY').map((line) => line.replace(/^--from=\w+ \/app\//, './').split(' ')),
    user: all('USER')[0],
    command: JSON.parse(command) as string[],
    health: JSON.parse(health) as string[],
  }
}

/** What a container of our image has in its environment; its folders are put where `places` says, the first that fits. */
export async function settingsOf(
  service: ComposeService | undefined,
  places: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const inside = { ...(await readImage()).environment, ...service?.environment }
  const placed = (path: string): string => {
    const [from, to] = Object.entries(places).find(([folder]) => `${path}/`.startsWith(`${folder}/`)) ?? ['', '']
    return to + path.slice(from.length)
  }
  return Object.fromEntries(
    Object.entries<string | number | null>(inside).map(([name, value]) => [name, placed(String(value ?? ''))]),
  )
}
