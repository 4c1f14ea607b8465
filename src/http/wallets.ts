import type { FastifyPluginAsync } from 'fastify'

/** The players' DAG addresses. */
export type WalletAddresses = {
  readonly playerX: { readonly address: string }
  readonly playerO: { readonly address: string }
}

/** `GET /wallets`: the addresses that sign for X and O, and nothing else of the wallets. */
export const walletRoutes =
  ({ wallets }: { wallets: () => WalletAddresses }): FastifyPluginAsync =>
  async (instance) => {
    instance.get('/wallets', async () => {
      const { playerX, playerO } = wallets()
      // Picked by name, so that nothing else of a wallet can slip out.
      return { playerX: { address: playerX.address }, playerO: { address: playerO.address } }
    })
  }
