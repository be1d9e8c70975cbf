{{/* What the manifests must know of the configuration. Arguments: the setting's value, its default, its name. */}}

{{/* The port of an address: ":8080", "0.0.0.0:8080", 8080. */}}
{{- define "wsluice.port" -}}
{{- $address := ternary .default .value (kindIs "invalid" .value) | toString -}}
{{- $port := regexFind "[0-9]+$" $address -}}
{{- if not (regexMatch "^(|:|0\\.0\\.0\\.0:|\\[::\\]:)[0-9]+$" $address) -}}
{{- fail (printf "config.%s: expected a port on all addresses, such as %q, got %q: the cluster connects to it" .name .default $address) -}}
{{- end -}}
{{- $port -}}
{{- end }}

{{/* Whole seconds of a duration such as 500ms, 10s, 5m or 1h, rounded up. */}}
{{- define "wsluice.seconds" -}}
{{- $text := ternary .default .value (kindIs "invalid" .value) | toString -}}
{{- $count := regexFind "^[0-9]+" $text | default "0" | int -}}
{{- $unit := regexFind "[a-z]+$" $text -}}
{{- $factor := get (dict "h" 3600 "m" 60 "s" 1) $unit | default 0 | int -}}
{{- if eq $unit "ms" -}}{{ div (add $count 999) 1000 }}
{{- else if contains "." $text -}}{{ mul (add $count 1) $factor }}
{{- else -}}{{ mul $count $factor }}{{ end -}}
{{- end }}

{{/* How long a drain takes at most. */}}
{{- define "wsluice.drainSeconds" -}}
{{- $config := (include "wsluice.values" . | fromJson).config -}}
{{- $drain := $config.drain | default dict -}}
{{- $delay := include "wsluice.seconds" (dict "value" $drain.delay "default" "5s") -}}
{{- $timeout := include "wsluice.seconds" (dict "value" $drain.timeout "default" "20s") -}}
{{- add $delay $timeout -}}
{{- end }}

{{/* For the pod that holds it: terminationGracePeriodSeconds, where it must exceed the 30 that Kubernetes gives. */}}
{{- define "wsluice.gracePeriod" -}}
{{- add (include "wsluice.drainSeconds" .) 10 -}}
{{- end }}

{{/* The key of a file in the ConfigMap: no slash may stand in it. */}}
{{- define "wsluice.fileKey" -}}
{{ . | replace "/" "__" }}
{{- end }}

{{/* Says what would fail later, or silently. */}}
{{- define "wsluice.validate" -}}
{{- $values := include "wsluice.values" . | fromJson -}}
{{- $named := list -}}
{{- range $values.env }}{{ $named = append $named .name }}{{ end -}}
{{- $backend := or $values.config.upstream $values.config.routes (has "WS_UPSTREAM" $named) -}}
{{- /* `required`, not `fail`: the chart must lint as it is. */ -}}
{{- $_ := required "config.upstream: name your backend, such as http://chat:8000" (ternary "named" "" (not (not $backend))) -}}
{{- if and (eq $values.mode "sidecar") (has ($values.config.admin | toString) (list "off" "false")) -}}
{{- fail "config.admin: a sidecar drains through it before it is stopped; leave it on loopback" -}}
{{- end -}}
{{- end }}
