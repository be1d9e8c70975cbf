{{/* The values of this chart: also where another chart, which has it as a dependency, includes a template. */}}
{{- define "wsluice.values" -}}
{{- if eq .Chart.Name "wsluice" }}{{ .Values | toJson }}{{ else }}{{ .Values.wsluice | toJson }}{{ end }}
{{- end }}

{{/* The same name in this chart and in the one that includes it. */}}
{{- define "wsluice.fullname" -}}
{{- $values := include "wsluice.values" . | fromJson -}}
{{- $name := $values.nameOverride | default "wsluice" -}}
{{- if $values.fullnameOverride -}}
{{- $values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "wsluice.selector" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default "wsluice" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "wsluice.labels" -}}
{{ include "wsluice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "wsluice.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "wsluice.fullname" .) }}
{{- else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}
