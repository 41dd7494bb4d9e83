package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// helperVariable makes the test binary the child that TestProcess measures.
const helperVariable = "BENCH_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		fmt.Println("child runs")
		<-stop
		return
	}
	goleak.VerifyTestMain(m)
}

func TestParse(t *testing.T) {
	o, err := parse([]string{"-servers", "null,tailwise", "-durability", "always,interval", "-loads", "small/http/gzip"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range o.servers {
		names = append(names, s.name)
	}
	if got, want := strings.Join(names, " "), "null tailwise tailwise/interval"; got != want {
		t.Errorf("servers: got %q, want %q", got, want)
	}
	if len(o.loads) != 1 || o.loads[0].String() != "small/http/gzip" {
		t.Errorf("loads: got %v, want small/http/gzip", o.loads)
	}
	all, err := parse(nil, io.Discard)
	if err != nil || len(all.loads) != len(allLoads) {
		t.Errorf("default loads: got %v (error %v), want %v", all.loads, err, allLoads)
	}
	sets, err := parse([]string{"-policies", "processor,ottl", "-loads", "small/http/plain"}, io.Discard)
	if err != nil || len(sets.policies) != 2 || sets.policies[0].name != "processor" || sets.policies[1].name != "ottl" {
		t.Errorf("policies: got %v (error %v), want processor and ottl", sets.policies, err)
	}
	for _, args := range [][]string{
		{"-loads", "agent/grpc"}, {"-loads", "agent/udp/plain"}, {"-servers", "null,refinery"}, {"-durability", "never"},
		{"-rounds", "0"}, {"-export-compression", "lz4"}, {"-decision-wait", "10ms"},
		{"-policies", "rules,own"}, {"-policies", "ottl", "-loads", "small/grpc/plain,agent/grpc/plain"},
	} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("parse(%q): got no error", args)
		}
	}
}

func TestSummarize(t *testing.T) {
	cpu := func(values ...float64) []result {
		var results []result
		for _, v := range values {
			results = append(results, result{CPUSeconds: v, Spans: 1_000_000})
		}
		return results
	}
	for name, row := range map[string]struct {
		of   []result
		want summary
	}{
		"none": {nil, summary{}},
		"odd":  {cpu(9, 1, 4), summary{4, 1, 9}},
		"even": {cpu(9, 1, 4, 6), summary{5, 1, 9}},
	} {
		if got := summarize(row.of, result.cpuPerMillion); got != row.want {
			t.Errorf("%s: got %v, want %v", name, got, row.want)
		}
	}
}

func TestReport_Ratios(t *testing.T) {
	o, err := parse([]string{"-durability", "always,process"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var results []result
	for name, cpu := range map[string]float64{"null": 2, "tailwise": 4, "tailwise/process": 3, "tail_sampling": 10} {
		results = append(results, result{Server: name, Spans: 1_000_000, Traces: 1000, Seconds: 2, CPUSeconds: cpu,
			IdleBytes: 10 << 20, WindowBytes: 10<<20 + 4_000_000, PeakBytes: int64(cpu) << 20, KeptSpans: 7})
	}
	var out bytes.Buffer
	report(&out, playedLoad{load: o.loads[0]}, o.policies[0], o.servers, results)
	lines := map[string]string{}
	for line := range strings.Lines(out.String()) {
		if fields := strings.Fields(line); len(fields) > 1 {
			lines[fields[0]] = strings.Join(fields[1:], " ")
		}
	}
	for server, want := range map[string]string{
		"null":          "2.00 2.00 2.00 1.00 0.20 500000 2 0.20 - 7",
		"tailwise":      "4.00 4.00 4.00 2.00 0.40 500000 4 0.40 4.0 7",
		"tail_sampling": "10.00 10.00 10.00 5.00 1.00 500000 10 1.00 4.0 7",
		"durability":    "process saves 1.00 CPU s/M spans (25 %) against always",
	} {
		if got := lines[server]; got != want {
			t.Errorf("line of %s: got %q, want %q", server, got, want)
		}
	}
}

func TestConfigure_FillsEveryPlace(t *testing.T) {
	o, err := parse([]string{"-servers", "null,forward,tail_sampling,tailwise", "-decision-wait", "7s"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	at := addresses{"grpc:1", "http:2", "api:3", "sinkgrpc:4", "sinkhttp:5"}
	for _, s := range o.servers {
		s.policies = o.policies[0]
		dir := t.TempDir()
		args, err := s.configure(o, dir, at)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		text := strings.Join(args, " ")
		if s.kind != kindNull {
			config, err := os.ReadFile(filepath.Join(dir, "config.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			text = string(config)
		}
		want := []string{at.GRPC, at.HTTP}
		if s.judges() {
			want = append(want, at.SinkGRPC, "decision_wait: 7s", "compression: none")
		}
		if s.kind == kindTailSampling {
			want = append(want, "{name: baseline, type: probabilistic")
		}
		if s.kind == kindTailwise {
			want = append(want, at.API, "durability: always", filepath.Join(dir, "data"), filepath.Join(dir, "policy.yaml"))
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: got configuration without %q:\n%s", s.name, w, text)
			}
		}
	}
}

func TestSettle_WaitsForTailwise(t *testing.T) {
	answers := []string{
		`{"traces_open": 0, "exports_pending": 0, "traces_kept": 0, "traces_dropped": 0}`, // not folded yet
		`{"traces_open": 3, "exports_pending": 0, "traces_kept": 1, "traces_dropped": 0}`,
		`{"traces_open": 0, "exports_pending": 2, "traces_kept": 3, "traces_dropped": 1}`,
		`{"traces_open": 0, "exports_pending": 0, "traces_kept": 3, "traces_dropped": 1}`,
	}
	asked := 0
	tailwise := server{name: kindTailwise, kind: kindTailwise}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, answers[min(asked, len(answers)-1)])
		asked++
	}))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	at := addresses{API: strings.TrimPrefix(server.URL, "http://")}
	if err := settle(context.Background(), options{decisionWait: time.Millisecond}, tailwise, 4, at); err != nil {
		t.Fatal(err)
	}
	if want := len(answers); asked != want {
		t.Errorf("got %d questions, want %d", asked, want)
	}
	answers, asked = []string{`{"traces_open": 0, "traces_kept": 4, "traces_dropped": 0}`}, 0
	if err := settle(context.Background(), options{decisionWait: time.Millisecond}, tailwise, 4, at); err == nil {
		t.Error("a status without exports_pending: got no error")
	}
}

func TestProcess_IsPinnedAndMeasured(t *testing.T) {
	t.Setenv(helperVariable, "1")
	p, err := start(serverCore, filepath.Join(t.TempDir(), "log"), os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	err = poll(context.Background(), "wait for the child", 10*time.Second, func() (bool, error) {
		return strings.Contains(p.tail(), "child runs"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(p.cmd.Process.Pid, &set); err != nil || set.Count() != 1 || !set.IsSet(serverCore) {
		t.Errorf("affinity: got %v (error %v), want core %d alone", set, err, serverCore)
	}
	if cpu, err := p.cpu(); err != nil || cpu <= 0 || cpu > time.Minute {
		t.Errorf("cpu: got %v (error %v), want some", cpu, err)
	}
	if now, peak, err := p.memory(); err != nil || now < 1<<20 || peak < now {
		t.Errorf("memory: got %d now, %d at most (error %v), want at least a MiB", now, peak, err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if _, _, err := p.memory(); err == nil {
		t.Error("memory of an ended process: got no error")
	}
}
