/** Where it was turned on. All of them must be off. */
export type KillSource = 'environment' | 'file' | 'route'

export type KillState = {
  readonly isOn: boolean
  readonly sources: readonly KillSource[]
  /** Why, where somebody said so. */
  readonly reason: string | null
  /** RFC 3339; null while it is off. */
  readonly since: string | null
}

/** Stops everything that spends or signs. Reads go on, what was stored stays, and what was sent is followed to its end. */
export type KillSwitch = {
  /** Asked on every write: costs nothing. */
  isOn(): boolean
  state(): KillState
  /** By an administrator; lasts over a restart, and holds for every process on one database. @throws StorageUnavailableError */
  set(isOn: boolean, by: { readonly principal: string; readonly reason?: string | undefined }): Promise<KillState>
  /** Told of each change, also of one made elsewhere. @returns stops it */
  onChange(listener: (state: KillState) => void): () => void
  close(): Promise<void>
}

/** What is asked of the switch by those who only obey it. */
export type KillGuard = Pick<KillSwitch, 'isOn'>
