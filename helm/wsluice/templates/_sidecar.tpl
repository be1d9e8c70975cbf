{{/*
For your own chart, which has this one as a dependency with `mode: sidecar` (docs/sidecar.md):

      initContainers: {{- include "wsluice.sidecar" . | nindent 8 }}
      volumes: {{- include "wsluice.volumes" . | nindent 8 }}
and in the container of your application
          lifecycle: {{- include "wsluice.appLifecycle" . | nindent 12 }}
*/}}

{{/* A native sidecar, Kubernetes 1.29 and later: an entry of initContainers. */}}
{{- define "wsluice.sidecar" -}}
- restartPolicy: Always
  {{- include "wsluice.fields" . | nindent 2 }}
  {{- include "wsluice.preStop" . | nindent 2 }}
{{- end }}

{{/* An ordinary container: an entry of containers. */}}
{{- define "wsluice.container" -}}
-
  {{- include "wsluice.fields" . | nindent 2 }}
  {{- include "wsluice.preStop" . | nindent 2 }}
{{- end }}

{{/* The configuration, the files beside it and the keys of Secrets, in one folder: an entry of volumes. */}}
{{- define "wsluice.volumes" -}}
{{- $values := include "wsluice.values" . | fromJson -}}
- name: wsluice
  projected:
    # 0444
    defaultMode: 292
    sources:
      - configMap:
          name: {{ include "wsluice.fullname" . }}
          items:
            - { key: wsluice.yaml, path: wsluice.yaml }
            {{- range $path, $text := $values.files }}
            - { key: {{ include "wsluice.fileKey" $path | quote }}, path: {{ $path | quote }} }
            {{- end }}
      {{- range $values.secrets }}
      - secret:
          name: {{ .secret | quote }}
          items:
            - { key: {{ .key | quote }}, path: {{ .path | quote }} }
      {{- end }}
{{- end }}

{{/* The application gets SIGTERM at the same time as our preStop: it stays until the sockets are closed. Kubernetes 1.30 and later. */}}
{{- define "wsluice.appLifecycle" -}}
preStop:
  sleep: { seconds: {{ include "wsluice.drainSeconds" . }} }
{{- end }}
