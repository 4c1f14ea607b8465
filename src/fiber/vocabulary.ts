import type { VocabularyName } from './messages.ts'

/** The names that guards, effects and scripts see and give. The rules behind the names are one and the same. */
export type Vocabulary = {
  /** Context key of the scripts a transition depends on. */
  readonly scripts: 'scripts' | 'scriptOracles'
  /** Context key of the event's name, and the field that names it in a `_triggers` entry. */
  readonly eventName: 'eventName' | 'eventType'
  /** Keys under which a script program finds its stored state. */
  readonly scriptState: readonly ('state' | 'content')[]
  /** The field of `_oracleCall` that names the script. */
  readonly callTarget: 'fiberId' | 'cid'
  /** Effect key of emitted events, and the field that names one. */
  readonly emit: '_emit' | '_outputs'
  readonly emitName: 'name' | 'outputType'
}

/** Today's names, and those of the Workchain era (October 2025; its late builds also gave scripts `state`). */
export const vocabularies: { readonly [name in VocabularyName]: Vocabulary } = {
  current: {
    scripts: 'scripts',
    eventName: 'eventName',
    scriptState: ['state'],
    callTarget: 'fiberId',
    emit: '_emit',
    emitName: 'name',
  },
  workchain: {
    scripts: 'scriptOracles',
    eventName: 'eventType',
    scriptState: ['content', 'state'],
    callTarget: 'cid',
    emit: '_outputs',
    emitName: 'outputType',
  },
}
