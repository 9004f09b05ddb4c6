# One image for every process of Nightcrier. The workspace keeps its layout: Node strips types from our own files, but
# not from files under node_modules.
FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="nightcrier" \
      org.opencontainers.image.description="Investigates the faults of many Kubernetes clusters, read-only" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY package.json pnpm-workspace.yaml pnpm-lock.yaml ./
COPY apps/api/package.json apps/api/
COPY apps/cli/package.json apps/cli/
COPY apps/ingester/package.json apps/ingester/
COPY apps/triage-worker/package.json apps/triage-worker/
COPY packages/cluster/package.json packages/cluster/
COPY packages/core/package.json packages/core/
COPY packages/runtime/package.json packages/runtime/
COPY packages/simulator/package.json packages/simulator/
COPY packages/state/package.json packages/state/
RUN npx -y pnpm@12 install --prod --frozen-lockfile && rm -rf /root/.npm /root/.cache /root/.local/share/pnpm
COPY apps apps
COPY packages packages
COPY configs configs
COPY agent-container agent-container
# Named volumes take the owner of the folder that they cover.
RUN mkdir -p /data/incidents /data/clusters /data/spool && chown -R node:node /data
USER node
ENTRYPOINT ["node"]
CMD ["apps/cli/src/main.ts", "--help"]
