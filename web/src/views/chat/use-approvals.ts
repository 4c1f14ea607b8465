import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { dataOf, service } from '../../api/client.ts'
import type { components } from '../../api/schema.d.ts'

export type Approval = components['schemas']['ApprovalList']['approvals'][number]

/** The writes that wait for a person, newest first. */
export const useApprovals = () =>
  useQuery({
    queryKey: ['approvals'],
    queryFn: ({ signal }) => dataOf(service.GET('/otto/approvals', { signal })),
    refetchInterval: 3_000,
    retry: false,
  })

/** A person's answer to one. @param onDecided told when the service has taken it */
export function useDecision(onDecided: (approval: Approval, isAllowed: boolean) => void) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ approval, approve }: { approval: Approval; approve: boolean }) =>
      dataOf(service.POST('/otto/approvals/{id}', { params: { path: { id: approval.id } }, body: { approve } })),
    onSuccess: (_decided, { approval, approve }) => onDecided(approval, approve),
    onSettled: () => queries.invalidateQueries({ queryKey: ['approvals'] }),
  })
}
