import type { ComponentType, LazyExoticComponent } from 'react'
import { lazy } from 'react'

const firstWaitMs = 500
const maxWaitMs = 8_000
const maxTries = 12

/** A part of the page that is loaded when it is first shown; again and again for a minute, if the service is away just then. */
export const lazily = <Props>(
  load: () => Promise<{ default: ComponentType<Props> }>,
): LazyExoticComponent<ComponentType<Props>> => lazy(() => untilLoaded(load))

async function untilLoaded<T>(load: () => Promise<T>): Promise<T> {
  for (let tried = 1; tried < maxTries; tried++) {
    try {
      return await load()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, Math.min(maxWaitMs, firstWaitMs * 2 ** (tried - 1))))
    }
  }
  return load()
}
