// Package otlp reads and writes OTLP trace requests at the wire: it finds the spans of an
// ExportTraceServiceRequest, what identifies and times them and the attributes that somebody asks for, and
// puts chosen spans back together. It never decodes a span into a structure and knows nothing of agents.
package otlp
