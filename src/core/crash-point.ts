/** Places in the life of an intent where a test may end the process, to see that nothing is lost there. */
export const crashPoints = [
  'before-intent',
  'after-intent',
  'before-submit',
  'after-submit',
  'receipt',
  'before-reply',
  'recovery-read',
  'recovery-resolve',
] as const
export type CrashPoint = (typeof crashPoints)[number]

/** Told of each place as it is passed. Outside tests nothing listens. */
export type Pass = (point: CrashPoint) => void

export const passOn: Pass = () => {}
