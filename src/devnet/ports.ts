import type { Log } from '../core/log.ts'
import type { HttpLayer } from './http.ts'
import { listenHttp } from './http.ts'
import type { Node } from './node.ts'
import type { Layer, Router } from './router.ts'

/** Both layers over HTTP. */
export type Ports = {
  /** Serves both or, when one port cannot be had, none. @throws ListenFailedError */
  listen(addresses: { host: string; l1Port: number; l0Port: number }): Promise<{ l1Port: number; l0Port: number }>
  close(): Promise<void>
}

export type PortsDeps = {
  readonly node: Node
  readonly routers: { readonly [layer in Layer]: Router }
  readonly delay: (signal: AbortSignal) => Promise<void>
  readonly log: Log
}

/** Opens nothing until `listen`; tells the node where it can be found. */
export function createPorts({ node, routers, delay, log }: PortsDeps): Ports {
  const layers: HttpLayer[] = []

  async function open(layer: Layer, host: string, port: number): Promise<number> {
    const served = await listenHttp({ host, port, router: routers[layer], id: node.signer.id, delay, log })
    layers.push(served)
    node.ports[layer] = served.port
    return served.port
  }

  async function close(): Promise<void> {
    await Promise.all(layers.splice(0).map((layer) => layer.close()))
    node.ports.l1 = 0
    node.ports.l0 = 0
  }

  return {
    async listen({ host, l1Port, l0Port }) {
      node.host = host
      try {
        return { l1Port: await open('l1', host, l1Port), l0Port: await open('l0', host, l0Port) }
      } catch (error) {
        await close()
        throw error
      }
    },
    close,
  }
}
