import '@xyflow/react/dist/base.css'
import type { Edge, EdgeProps, Node, NodeProps } from '@xyflow/react'
import { BaseEdge, Handle, Position, ReactFlow, useReactFlow, useStore } from '@xyflow/react'
import { useEffect, useMemo } from 'react'
import type { Transition } from './machine-graph.ts'
import { levelOf, states, transitions } from './machine-graph.ts'

type StateNode = Node<{ readonly isNow: boolean; readonly isFinal: boolean }, 'state'>
type Way = {
  readonly path: string
  readonly events: readonly string[]
  readonly labelX: number
  readonly labelY: number
}
type WayEdge = Edge<Way & { readonly lastEvent: string | undefined }, 'way'>

/** Units of the drawing; it is scaled to the room there is. */
const size = { width: 340, nodeWidth: 104, nodeHeight: 40, levelHeight: 112, line: 15 } as const

/** The middle of each state: a row for each level, evenly spread. */
const middles = new Map(
  states.map(({ id }) => {
    const level = levelOf(id)
    const row = states.filter((state) => levelOf(state.id) === level)
    const place = row.findIndex((state) => state.id === id)
    return [id, { x: ((place + 0.5) * size.width) / row.length, y: level * size.levelHeight + size.nodeHeight / 2 }]
  }),
)

const nodeTypes = { state: StateBox }
const edgeTypes = { way: WayLine }

/** The state machine, drawn from its definition. Only to look at: the words beside it say the same. */
export default function MachineDiagram({ state, last }: { state: string; last: Transition | undefined }) {
  const nodes = useMemo(() => states.map(({ id, isFinal }) => toNode(id, isFinal, id === state)), [state])
  const edges = useMemo(() => pairs().map((pair) => toEdge(pair, last)), [last])
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      maxZoom={1.15}
      minZoom={0.3}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      elementsSelectable={false}
      panOnDrag={false}
      zoomOnScroll={false}
      zoomOnPinch={false}
      zoomOnDoubleClick={false}
      preventScrolling={false}
      disableKeyboardA11y
    >
      <Refit />
    </ReactFlow>
  )
}

/** The whole drawing, labels included, which React Flow does not measure. */
const whole = {
  x: 0,
  y: -4,
  width: size.width,
  height: Math.max(...[...middles.values()].map(({ y }) => y)) + size.nodeHeight / 2 + 8,
}

/** Another width is another scale. */
function Refit() {
  const width = useStore((store) => store.width)
  const { fitBounds } = useReactFlow()
  useEffect(() => {
    if (width > 0) void fitBounds(whole, { padding: 0 })
  }, [width, fitBounds])
  return null
}

function toNode(id: string, isFinal: boolean, isNow: boolean): StateNode {
  const { x, y } = middleOf(id)
  const position = { x: x - size.nodeWidth / 2, y: y - size.nodeHeight / 2 }
  return { id, type: 'state', position, width: size.nodeWidth, height: size.nodeHeight, data: { isFinal, isNow } }
}

const middleOf = (id: string) => middles.get(id) ?? { x: 0, y: 0 }

type Pair = { readonly from: string; readonly to: string; readonly events: readonly string[] }

/** Transitions between the same two states share a line. */
const pairs = (): readonly Pair[] =>
  [...Map.groupBy(transitions, ({ from, to }) => `${from} ${to}`).values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [{ from: first.from, to: first.to, events: [first, ...rest].map(({ event }) => event) }],
  )

function toEdge(pair: Pair, last: Transition | undefined): WayEdge {
  const isLast = last?.from === pair.from && last.to === pair.to
  return {
    id: `${pair.from} ${pair.to}`,
    source: pair.from,
    target: pair.to,
    type: 'way',
    data: { ...wayOf(pair), lastEvent: isLast ? last.event : undefined },
  }
}

function wayOf({ from, to, events }: Pair): Way {
  const [a, b] = [middleOf(from), middleOf(to)]
  const [halfWidth, halfHeight] = [size.nodeWidth / 2, size.nodeHeight / 2]
  if (from === to) {
    const x = a.x - halfWidth
    const path = `M ${x},${a.y - 9} C ${x - 40},${a.y - 22} ${x - 40},${a.y + 22} ${x},${a.y + 9}`
    return { path, events, labelX: x - 72, labelY: a.y - ((events.length - 1) * size.line) / 2 }
  }
  if (levelOf(to) - levelOf(from) > 1) {
    const x = a.x + halfWidth
    const end = { x: b.x + halfWidth / 2, y: b.y - halfHeight }
    const path = `M ${x},${a.y} C ${end.x + 10},${a.y} ${end.x + 10},${end.y - 60} ${end.x},${end.y}`
    return { path, events, labelX: end.x, labelY: (a.y + b.y) / 2 - 44 }
  }
  const path = `M ${a.x},${a.y + halfHeight} L ${b.x},${b.y - halfHeight}`
  return { path, events, labelX: (a.x + b.x) / 2, labelY: (a.y + b.y) / 2 }
}

function StateBox({ id, data }: NodeProps<StateNode>) {
  return (
    <div className={`state${data.isNow ? ' now' : ''}${data.isFinal ? ' final' : ''}`}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      {id}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  )
}

function WayLine({ id, data }: EdgeProps<WayEdge>) {
  if (data === undefined) return null
  const marker = `arrow-${id.replace(' ', '-')}`
  return (
    <g className={data.lastEvent === undefined ? 'way-line' : 'way-line last'}>
      <marker
        id={marker}
        viewBox="0 0 8 8"
        refX="8"
        refY="4"
        markerUnits="userSpaceOnUse"
        markerWidth="10"
        markerHeight="10"
        orient="auto"
      >
        <path d="M 0,0 L 8,4 L 0,8 z" className="arrow" />
      </marker>
      <BaseEdge path={data.path} markerEnd={`url(#${marker})`} />
      {data.events.map((event, line) => (
        <text
          key={event}
          x={data.labelX}
          y={data.labelY + line * size.line}
          className={event === data.lastEvent ? 'event last' : 'event'}
        >
          {event}
        </text>
      ))}
    </g>
  )
}
