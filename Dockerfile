# dist/ and production modules on a plain Node 24: no compiler, no test, no runtime of the package's own. Runs as the user
# node, writes below /data alone, and needs nothing else writable. docker-compose.yml is how it is meant to be run.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY web/package.json ./web/package.json
# Optional packages too: the compiler's own binary is one.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npx tsc -p tsconfig.build.json
# The page draws the life cycle from its definition.
COPY statemachine ./statemachine
COPY web ./web
RUN npm run build -w web

FROM node:24-bookworm-slim AS modules
WORKDIR /app
COPY package.json package-lock.json ./
COPY web/package.json ./web/package.json
RUN npm ci --omit=dev --omit=optional --workspaces=false --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
# NODE_ENV=production asks for a word on unasked signing: an image is a demo too.
ENV NODE_ENV=production OTTO_ALLOW_AUTOSIGN=true OTTO_DATA_DIR=/data/var OTTO_WALLET_DIR=/data/wallets
WORKDIR /app
RUN install -d -o node -g node -m 0700 /data /data/var /data/wallets
COPY --from=modules /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/web/dist ./web/dist
COPY bin ./bin
COPY .otto/agents ./.otto/agents
COPY .otto/prices.yml ./.otto/prices.yml
COPY oracle ./oracle
COPY statemachine ./statemachine
COPY package.json ./package.json
USER node
VOLUME ["/data/var", "/data/wallets"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.OTTO_PORT||8080}/health/live`).then(({ok})=>process.exit(ok?0:1),()=>process.exit(1))"]
# Without the switch anybody who may send a signal opens a debugger, and reads the keys.
CMD ["node", "--disable-sigusr1", "bin/otto.js", "serve"]
