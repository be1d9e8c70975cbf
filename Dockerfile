# The image: production dependencies and the built product on a base with Node 24, nothing else.
#
#   docker build --build-arg BASE=node:24-slim@sha256:… --build-arg BUILD_BASE=node:24-slim@sha256:… -t wsluice .
#   docker build --build-arg BASE=gcr.io/distroless/nodejs24-debian13@sha256:… --build-arg NODE=/nodejs/bin/node -t wsluice .
#
# A release names both bases by digest (docs/release.md). Without Docker: dev/image.
ARG BUILD_BASE=docker.io/library/node:24-slim
ARG BASE=docker.io/library/node:24-slim

FROM ${BUILD_BASE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The workspace brings Node for development; the base has one.
RUN npm ci --workspaces=false --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build
# Where Node is in the final base: what runs there needs neither a shell nor /usr/bin/env.
ARG NODE=/usr/local/bin/node
RUN sed -i "1s|^#!.*|#!${NODE}|" dist/main.js && mkdir bin && ln -s ../dist/main.js bin/wsluice

FROM ${BUILD_BASE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --workspaces=false --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM ${BASE}
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG BASE
LABEL org.opencontainers.image.title="wsluice" \
  org.opencontainers.image.description="A reverse proxy that enforces WebSocket policy in front of a backend that does not change" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.base.name="${BASE}"
WORKDIR /app
COPY --from=dependencies /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY --from=build /build/bin bin
COPY package.json LICENSE ./
# `wsluice` is found wherever the orchestrator runs a command: preStop, probes, HEALTHCHECK.
ENV NODE_ENV=production PATH=/app/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["wsluice", "health"]
# Without a shell in between: SIGTERM reaches the process.
ENTRYPOINT ["wsluice"]
