{{- define "berth.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough that a suffix fits. */}}
{{- define "berth.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "berth.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "berth.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "berth.selector" -}}
app.kubernetes.io/name: {{ include "berth.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "berth.labels" -}}
app.kubernetes.io/name: {{ include "berth.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "berth.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "berth.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "berth.image" -}}
{{- $name := .Values.image.repository -}}
{{- with .Values.image.registry }}{{ $name = printf "%s/%s" . $name }}{{ end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Host of `url`, with its port where it has one. */}}
{{- define "berth.authority" -}}
{{- regexReplaceAll "^https?://" .Values.url "" | trimSuffix "/" -}}
{{- end -}}

{{- define "berth.host" -}}
{{- regexReplaceAll ":[0-9]+$" (include "berth.authority" .) "" -}}
{{- end -}}

{{- define "berth.appsHost" -}}
{{- regexReplaceAll ":[0-9]+$" (default (include "berth.authority" .) .Values.appsDomain) "" -}}
{{- end -}}

{{/* Not empty: PostgreSQL. */}}
{{- define "berth.database" -}}
{{- if or .Values.database.url .Values.database.existingSecret -}}postgres{{- end -}}
{{- end -}}

{{/* Fails, for a value that takes more than one replica. Of a context, the value, and why. */}}
{{- define "berth.needsDatabase" -}}
{{- if not (include "berth.database" (index . 0)) -}}
{{- fail (printf "%s: needs PostgreSQL: set database.existingSecret to a Secret that has postgres://USER:PASSWORD@HOST/NAME under the key url, or database.url to that; %s" (index . 1) (index . 2)) -}}
{{- end -}}
{{- end -}}

{{- define "berth.openshift" -}}
{{- if eq (toString .Values.openshift) "auto" -}}
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" -}}true{{- end -}}
{{- else if eq (toString .Values.openshift) "true" -}}
true
{{- end -}}
{{- end -}}

{{/* Fails where a way in is asked for and nobody could come that way. */}}
{{- define "berth.public" -}}
{{- if hasPrefix "localhost" (include "berth.host" .) -}}
{{- fail "url: name the host by which browsers reach Berth, such as https://berth.example.org; an ingress, HTTPRoute or route cannot lead to localhost" -}}
{{- end -}}
{{- end -}}

{{/* What Berth does with the objects of sessions, wherever they are. */}}
{{- define "berth.sessionRules" -}}
- apiGroups: [""]
  resources: [pods, configmaps, secrets, persistentvolumeclaims]
  verbs: [get, list, watch, create, delete]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, update, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, update, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [list]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
{{- if eq .Values.sessions.podAccess "forward" }}
- apiGroups: [""]
  resources: [pods/portforward]
  verbs: [get, create]
{{- end }}
{{- end -}}

{{/* Berth's configuration file. */}}
{{- define "berth.config" -}}
listen: ":8080"
url: {{ .Values.url | quote }}
{{- with .Values.appsDomain }}
appsDomain: {{ . | quote }}
{{- end }}
engine: kubernetes
masterKeyFile: /etc/berth-master-key/master.key
{{- if include "berth.database" . }}
drainLimit: {{ .Values.drainSeconds }}s
lease: {{ include "berth.fullname" . }}
{{- end }}
{{- with .Values.sessions }}
sessionNamespace: {{ .namespace | quote }}
podAccess: {{ .podAccess }}
cpuOvercommit: {{ .cpuOvercommit }}
{{- with .storageClass }}
storageClass: {{ . | quote }}
{{- end }}
{{- with .pullSecrets }}
pullSecrets: {{ join "," . | quote }}
{{- end }}
{{- with .openRanges }}
openRanges: {{ join "," . | quote }}
{{- end }}
{{- with .capacity }}
engineCapacity: {{ toJson . }}
{{- end }}
{{- with .podOverlay }}
podOverlay: {{ toJson . }}
{{- end }}
{{- with .podOverlays }}
podOverlays: {{ toJson . }}
{{- end }}
{{- with .storageClasses }}
storageClasses: {{ toJson . }}
{{- end }}
gpuResource: {{ .gpuResource | quote }}
userNamespaces: {{ .userNamespaces | quote }}
sessionNamespaces: {{ .namespaces }}
{{- if ne .namespaces "shared" }}
namespaceQuota: {{ .namespaceQuota }}
{{- end }}
podSecurity: {{ .podSecurity }}
{{- with .closedRanges }}
closedRanges: {{ join "," . | quote }}
{{- end }}
{{- with .dnsRanges }}
dnsRanges: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- with .Values.trustedProxies }}
trustedProxies: {{ join "," . | quote }}
{{- end }}
{{- if ne .Values.sessions.routes "none" }}
{{- include "berth.public" . }}
sessionRoutes: {{ .Values.sessions.routes }}
gatewayService: {{ printf "%s/%s:%v" .Release.Namespace (include "berth.fullname" .) .Values.service.port | quote }}
{{- $way := index .Values .Values.sessions.routes }}
{{- with $way.className }}
routeClass: {{ . | quote }}
{{- end }}
{{- with $way.tlsSecret }}
routeTlsSecret: {{ . | quote }}
{{- end }}
{{- with $way.annotations }}
routeAnnotations: {{ toJson . }}
{{- end }}
{{- if eq .Values.sessions.routes "httpRoute" }}
{{- $parents := list }}
{{- range $way.parentRefs }}
{{- $parent := printf "%s/%s" (default $.Release.Namespace .namespace) .name }}
{{- with .sectionName }}{{ $parent = printf "%s/%s" $parent . }}{{ end }}
{{- $parents = append $parents $parent }}
{{- end }}
routeParents: {{ join "," $parents | quote }}
{{- end }}
{{- end }}
# Berth's own pods, by their label: the sessions' network policies let them in.
gatewayPods: {{ printf "%s/berth.dev/gateway=%s" .Release.Namespace (include "berth.fullname" .) | quote }}
starterCatalog: {{ .Values.catalog.starter }}
{{- with .Values.catalog.registry }}
catalogRegistry: {{ . | quote }}
{{- end }}
{{- with .Values.config }}
loops: {{ .loops }}
connections: {{ .connections }}
looksAtOnce: {{ .looksAtOnce }}
clusterRequests: {{ .clusterRequests }}
fileMax: {{ .fileMax | quote }}
filesMax: {{ .filesMax | quote }}
fileTypes: {{ join "," .fileTypes | quote }}
logLevel: {{ .logLevel }}
logFormat: {{ .logFormat }}
{{- end }}
{{- end -}}

{{/* Pod Security `restricted`. Any user works that has group 0; OpenShift names its own. */}}
{{- define "berth.podSecurity" -}}
runAsNonRoot: true
{{- if not (include "berth.openshift" .) }}
runAsUser: 65532
runAsGroup: 0
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "berth.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Of a context and a path. The Host is Berth's own: others are not served. */}}
{{- define "berth.probe" -}}
httpGet:
  path: {{ index . 1 }}
  port: http
  httpHeaders: [{name: Host, value: {{ include "berth.authority" (index . 0) | quote }}}]
{{- end -}}
