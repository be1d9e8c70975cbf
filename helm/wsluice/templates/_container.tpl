{{/* What every form of the container has: fields of a list entry. */}}
{{- define "wsluice.fields" -}}
{{- include "wsluice.validate" . -}}
{{- $values := include "wsluice.values" . | fromJson -}}
{{- $config := $values.config -}}
name: wsluice
image: {{ if $values.image.digest }}{{ printf "%s@%s" $values.image.repository $values.image.digest }}{{ else }}{{ printf "%s:%s" $values.image.repository $values.image.tag }}{{ end }}
imagePullPolicy: {{ $values.image.pullPolicy }}
env:
  - name: WS_CONFIG
    value: /etc/wsluice/wsluice.yaml
  {{- with $values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  - name: wsluice
    containerPort: {{ include "wsluice.port" (dict "value" $config.listen "default" ":8080" "name" "listen") }}
  - name: wsluice-ops
    containerPort: {{ include "wsluice.port" (dict "value" $config.ops "default" ":9464" "name" "ops") }}
# Whether the process is up. Not /readyz: that waits for a backend, which may start after us.
startupProbe:
  httpGet: { path: /healthz, port: wsluice-ops }
  periodSeconds: 1
  failureThreshold: 30
livenessProbe:
  httpGet: { path: /healthz, port: wsluice-ops }
  periodSeconds: 10
  failureThreshold: 3
readinessProbe:
  httpGet: { path: /readyz, port: wsluice-ops }
  periodSeconds: 2
  failureThreshold: 1
resources:
  {{- toYaml $values.resources | nindent 2 }}
# Pod Security Standards, restricted: whatever the pod says.
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities: { drop: [ALL] }
  seccompProfile: { type: RuntimeDefault }
volumeMounts:
  - name: wsluice
    mountPath: /etc/wsluice
    readOnly: true
{{- end }}

{{/* In a pod with other containers SIGTERM comes too late, or at the same time as to them: the drain is over before. */}}
{{- define "wsluice.preStop" -}}
lifecycle:
  preStop:
    exec: { command: [wsluice, drain, --wait, {{ include "wsluice.drainSeconds" . }}s] }
{{- end }}
