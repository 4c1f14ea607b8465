import type { Node } from './node.ts'
import type { Published } from './published.ts'
import type { Queue } from './queue.ts'
import type { Route } from './router.ts'
import { text } from './router.ts'

export type MetricsDeps = {
  readonly published: Published
  readonly queue: Queue
  readonly node: Pick<Node, 'state'>
}

/**
 * `GET /metrics`: a few gauges of this node's own. A real node has hundreds, under other names.
 * @see Prometheus text format 0.0.4
 */
export const metricsRoute = ({ published: { l1, l0 }, queue, node }: MetricsDeps): Route => ({
  method: 'GET',
  path: '/metrics',
  handle() {
    let machines = 0
    for (const { kind } of l1.fibers.values()) if (kind === 'machine') machines += 1
    const ready = node.state === 'Ready' ? 1 : 0
    return text(
      [
        ...gauge('otto_devnet_ready', 'Is the node Ready?', [['', ready]]),
        ...gauge('otto_devnet_snapshot_ordinal', 'The newest snapshot that each layer shows.', [
          ['{layer="l1"}', l1.ordinal],
          ['{layer="l0"}', l0.ordinal],
        ]),
        ...gauge('otto_devnet_queue_length', 'Messages that were let in and have not run yet.', [
          ['', queue.all().length],
        ]),
        ...gauge('otto_devnet_fibers', 'Fibers in the newest durable snapshot.', [
          ['{kind="machine"}', machines],
          ['{kind="script"}', l1.fibers.size - machines],
        ]),
        '',
      ].join('\n'),
    )
  },
})

const gauge = (name: string, help: string, samples: readonly (readonly [labels: string, value: number])[]) => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} gauge`,
  ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
]
