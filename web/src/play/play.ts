import { useMemo } from 'react'
import { useSearchParams } from 'wouter'

/** Whose side a person plays: both by hand, one of them, or none. */
export const sides = ['both', 'X', 'O', 'watch'] as const
export const brainNames = ['perfect', 'random', 'model'] as const
export const speeds = { slow: 2_000, normal: 700, fast: 100 } as const

export type Side = (typeof sides)[number]
export type Brain = (typeof brainNames)[number]
export type Speed = keyof typeof speeds
export type Play = { readonly as: Side; readonly brain: Brain; readonly speed: Speed }

const oneOf = <T extends string>(text: string | null, values: readonly T[], otherwise: T): T =>
  values.find((value) => value === text) ?? otherwise

/** Who plays, by the address of the page: `?as=X|O|watch&brain=perfect|random|model&speed=slow|normal|fast`. */
export function usePlay(): readonly [Play, (change: Partial<Play>) => void] {
  const [search, setSearch] = useSearchParams()
  const [as, brain, speed] = [search.get('as'), search.get('brain'), search.get('speed')]
  const play = useMemo(
    () => ({
      as: oneOf(as, sides, 'both'),
      brain: oneOf(brain, brainNames, 'perfect'),
      speed: oneOf(speed, Object.keys(speeds) as Speed[], 'normal'), // its keys are all there is
    }),
    [as, brain, speed],
  )
  const change = (part: Partial<Play>) => {
    const next = { ...play, ...part }
    setSearch(next.as === 'both' ? {} : next, { replace: true })
  }
  return [play, change]
}
