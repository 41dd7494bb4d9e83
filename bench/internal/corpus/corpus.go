// Package corpus keeps requests ready to be sent: generated once, written to a file, and given new ids each time they
// are played again, so that a load costs its generator next to nothing and every trace is sent once.
package corpus

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/tailwise/tailwise/internal/traffic"
)

// Spec says what a corpus holds.
type Spec struct {
	Profile traffic.Profile
	// Spans is how many there are at least; whole conversations are made until there are so many.
	Spans int
	// Gzip stores requests as bodies compressed with gzip, which cannot be given new ids.
	Gzip bool
	Seed uint64
}

// SpansPerTrace is the same in every trace, so that figures per trace compare.
const SpansPerTrace = 45

// turnsPerSession has a mean of six.
var turnsPerSession = [2]int{4, 8}

// shares are what the comparison's rules look for.
var shares = traffic.DefaultShares

func (s Spec) config() traffic.Config {
	sessions := max(1, s.Spans/SpansPerTrace/6)
	return traffic.Config{
		Profile: s.Profile, Seed: s.Seed, Sessions: sessions, Concurrent: sessions,
		TurnsPerSession: turnsPerSession, SpansPerTrace: [2]int{SpansPerTrace, SpansPerTrace},
		// Short pauses make the traffic dense, so that requests are as full as those of a busy service.
		Pause:  [2]time.Duration{time.Second, 10 * time.Second},
		Shares: shares,
	}
}

const (
	magic       = "TWCORPUS1"
	kindPlain   = 'p'
	kindGzip    = 'g'
	headerBytes = len(magic) + 1
)

// Summary counts what Write has written.
type Summary struct {
	Requests, Spans, Traces int
	Bytes                   int64 // encoded, not compressed
	Sent                    int64 // as sent: compressed where they are
}

// Write makes a corpus in the file at path. The file starts with the magic and the kind; then come the requests,
// each as its number of spans and its length (two little-endian 32-bit words) and its body.
func Write(path string, spec Spec) (sum Summary, err error) {
	generator, err := traffic.New(spec.config())
	if err != nil {
		return Summary{}, err
	}
	file, err := os.Create(path)
	if err != nil {
		return Summary{}, fmt.Errorf("create corpus: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriterSize(file, 1<<20)
	kind := byte(kindPlain)
	if spec.Gzip {
		kind = kindGzip
	}
	w.WriteString(magic) // bufio's error stays until Flush
	w.WriteByte(kind)
	emitter := traffic.NewEmitter(generator, 0)
	var squeezed bytes.Buffer
	for {
		batch, ok := emitter.Next()
		if !ok {
			break
		}
		body := batch.Encode()
		sum.Bytes += int64(len(body))
		if spec.Gzip {
			if body, err = compress(&squeezed, body); err != nil {
				return sum, err
			}
		}
		var head [8]byte
		binary.LittleEndian.PutUint32(head[:4], uint32(batch.SpansN))
		binary.LittleEndian.PutUint32(head[4:], uint32(len(body)))
		w.Write(head[:])
		w.Write(body)
		sum.Requests++
		sum.Spans += batch.SpansN
		sum.Sent += int64(len(body))
	}
	sum.Traces = emitter.TracesN
	return sum, w.Flush()
}

// compress compresses at gzip's default level, as SDKs do. The result is valid until the next call.
func compress(into *bytes.Buffer, body []byte) ([]byte, error) {
	into.Reset()
	z := gzip.NewWriter(into)
	if _, err := z.Write(body); err != nil {
		return nil, fmt.Errorf("compress request: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress request: %w", err)
	}
	return into.Bytes(), nil
}

// Corpus is a file's requests in memory.
type Corpus struct {
	Gzip     bool
	Requests []*Request
}

// Read reads the corpus in the file at path.
func Read(path string) (*Corpus, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read corpus: %w", err)
	}
	c, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read corpus %s: %w", path, err)
	}
	return c, nil
}

func parse(data []byte) (*Corpus, error) {
	if len(data) < headerBytes || string(data[:len(magic)]) != magic {
		return nil, fmt.Errorf("no corpus: want magic %q", magic)
	}
	kind := data[len(magic)]
	if kind != kindPlain && kind != kindGzip {
		return nil, fmt.Errorf("unknown kind %q", kind)
	}
	c := &Corpus{Gzip: kind == kindGzip}
	for at := headerBytes; at < len(data); {
		if len(data)-at < 8 {
			return nil, fmt.Errorf("request at %d: %w", at, io.ErrUnexpectedEOF)
		}
		spans := int(binary.LittleEndian.Uint32(data[at:]))
		size := int(binary.LittleEndian.Uint32(data[at+4:]))
		at += 8
		if len(data)-at < size {
			return nil, fmt.Errorf("request at %d: %w", at, io.ErrUnexpectedEOF)
		}
		r := &Request{body: data[at : at+size : at+size], SpansN: spans}
		if !c.Gzip {
			if err := r.index(); err != nil {
				return nil, fmt.Errorf("request at %d: %w", at, err)
			}
		}
		c.Requests = append(c.Requests, r)
		at += size
	}
	return c, nil
}
