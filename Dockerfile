# The processes of Nightcrier; one image runs every one of them. Works with the classic builder and with BuildKit, on
# amd64 and arm64.
FROM node:24-bookworm-slim AS dependencies
ENV NODE_ENV=production
WORKDIR /app
COPY package.json pnpm-workspace.yaml pnpm-lock.yaml ./
COPY patches patches
COPY apps/api/package.json apps/api/
COPY apps/cli/package.json apps/cli/
COPY apps/gateway/package.json apps/gateway/
COPY apps/ingester/package.json apps/ingester/
COPY apps/triage-worker/package.json apps/triage-worker/
COPY packages/cluster/package.json packages/cluster/
COPY packages/core/package.json packages/core/
COPY packages/redaction/package.json packages/redaction/
COPY packages/runtime/package.json packages/runtime/
COPY packages/simulator/package.json packages/simulator/
COPY packages/state/package.json packages/state/
# Type declarations and source maps of dependencies are not used at run time: they are 40 % of the installation.
RUN npx -y pnpm@12 install --prod --frozen-lockfile \
    && find node_modules/.pnpm -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

# The workspace keeps its layout: Node strips types from our own files, but not from files under node_modules.
FROM node:24-bookworm-slim AS process
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/node_modules/.cache/nightcrier \
    NIGHTCRIER_HEARTBEAT_FILE=/tmp/nightcrier-heartbeat
WORKDIR /app
COPY --from=dependencies /app /app
COPY apps apps
COPY packages packages
COPY configs configs
COPY deploy deploy
COPY agent-container agent-container
COPY LICENSE ./
# Named volumes inherit the owner of the folder that they cover.
RUN mkdir -p /data/incidents /data/clusters /data/spool /data/gateway /run/nightcrier-gateway $NODE_COMPILE_CACHE \
    && chown -R node:node /data /run/nightcrier-gateway $NODE_COMPILE_CACHE
USER node
# Compiled code, for a root that is read-only: without it, each process loads the compiler that strips types (20 MB).
# The files of threads fail outside of a thread, after they were compiled. Only a program that runs keeps the code of its first file.
RUN for file in apps/ingester/src/app.ts apps/ingester/src/leases/lease-thread.ts apps/triage-worker/src/app.ts \
      apps/gateway/src/app.ts apps/api/src/configured-api.ts apps/cli/src/program.ts \
      packages/runtime/src/process/run-process.ts packages/runtime/src/reload/load-thread.ts; \
    do node --input-type=module -e "await import('/app/$file').catch(() => undefined)"; done \
    && for app in ingester triage-worker gateway api cli; do node "apps/$app/src/main.ts" --help >/dev/null; done
# Each process updates the file while its event loop is not blocked, so one check fits every kind.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD test -n "$(find "$NIGHTCRIER_HEARTBEAT_FILE" -newermt '-30 seconds')"
ENTRYPOINT ["node"]
CMD ["apps/cli/src/main.ts", "--help"]
# Last, since they change with each commit. `nightcrier version` prints the revision.
ARG VERSION=0.0.0
ARG REVISION=unknown
ENV NIGHTCRIER_REVISION=$REVISION
LABEL org.opencontainers.image.title="nightcrier" \
      org.opencontainers.image.description="Investigates the faults of many Kubernetes clusters, read-only" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
