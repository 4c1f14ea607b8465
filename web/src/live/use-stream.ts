import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { onToken, readToken } from '../api/token.ts'
import type { LiveRecord } from './record.ts'
import type { StreamState } from './stream.ts'
import { follow } from './stream.ts'

/** Follows a stream while the component is shown; a new token opens it anew. */
export function useStream(path: string, onRecord: (record: LiveRecord) => void): StreamState {
  const [state, setState] = useState<StreamState>('connecting')
  const token = useSyncExternalStore(onToken, readToken)
  const newest = useRef(onRecord)
  newest.current = onRecord
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new token has to be shown
  useEffect(() => {
    const leaving = new AbortController()
    void follow({ path, onRecord: (record) => newest.current(record), onState: setState, signal: leaving.signal })
    return () => leaving.abort()
  }, [path, token])
  return state
}
