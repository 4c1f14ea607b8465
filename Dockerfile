FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=optional --ignore-scripts
COPY . .
RUN npx tsc -p tsconfig.build.json

FROM node:24-bookworm-slim
ENV NODE_ENV=production OTTO_ALLOW_AUTOSIGN=true OTTO_DATA_DIR=/data/var OTTO_WALLET_DIR=/data/wallets
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force && install -d -o node -g node -m 0700 /data
COPY bin ./bin
COPY --from=build /app/dist ./dist
COPY oracle ./oracle
COPY statemachine ./statemachine
USER node
VOLUME /data
HEALTHCHECK --interval=10s CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/live').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
CMD ["node", "bin/otto.js", "serve"]
