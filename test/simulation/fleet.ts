import type { Bridge, Sabotage } from './bridge.ts'
import { openBridge } from './bridge.ts'
import type { World } from './world.ts'

/** The bridges of a world: some die, and others take their place on the same database. */
export type Fleet = {
  /** One that lives, once there is one. */
  someBridge(): Promise<Bridge>
  /** Trouble begins: who starts from now on may die, and those that run may too. */
  stir(): void
  /** From now on nobody dies, and one lives at least. */
  calm(): void
  all(): readonly Bridge[]
}

/** Longest time between a death and the next start. */
const maxDownMs = 20_000

export function openFleet(world: World, sabotage?: Sabotage): Fleet {
  const { time, climate } = world
  const chance = world.chance.fork('fleet')
  const living: Bridge[] = []
  const all: Bridge[] = []
  let deathsLeft = climate.crashes
  let isCalm = true
  let count = 0

  /** Decides whether and how this one dies. */
  const doom = ({ life }: Bridge): void => {
    if (deathsLeft === 0 || isCalm) return
    deathsLeft -= 1
    if (climate.crashBySteps) life.endAfter(1 + chance.below(150))
    else time.after(chance.between(0, 60_000), () => isCalm || life.end())
  }
  const start = (): void => {
    const bridge = openBridge({ world, id: `bridge-${++count}`, sabotage })
    world.trace(`${bridge.id} starts`)
    living.push(bridge)
    all.push(bridge)
    doom(bridge)
    void bridge.life.ended.then(() => {
      living.splice(living.indexOf(bridge), 1)
      time.after(chance.between(10, maxDownMs), start)
    })
  }
  for (let bridge = 0; bridge < climate.bridges; bridge++) start()

  return {
    async someBridge() {
      while (living.length === 0) await time.sleep(500)
      return chance.pick(living)
    },
    stir() {
      isCalm = false
      for (const bridge of living) doom(bridge)
    },
    calm() {
      isCalm = true
      for (const { life } of living) life.endAfter(Number.POSITIVE_INFINITY)
    },
    all: () => all,
  }
}
