// Package receiver is the Collector's receiver of type tailwise: it takes OTLP trace requests by gRPC and HTTP as
// bytes, without decoding them, gives them to the engine and answers once they are durable. Logs and metrics pass
// through to the pipelines that ask for them.
package receiver
