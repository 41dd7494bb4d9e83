package traffic

import (
	"math/rand/v2"
	"time"
)

// A session is a conversation of one user with one agent.
type session struct {
	// Immutable after newSession.
	number  int
	id      string
	user    string
	tenant  string
	agent   agent
	system  string // the system prompt, the same in every session of the agent
	unit    float64
	planned []turnPlan

	// State of the turns so far.
	rng     *rand.Rand
	start   time.Time // of the next turn
	next    int
	history []byte // messages as JSON objects, with commas between
}

// Streams of randomness: each session has its own, so that sessions do not depend on how they interleave.
const (
	streamStarts   = 0
	streamSessions = 1 << 32
	streamPrompts  = 2 << 32
)

func newSession(cfg Config, number int) *session {
	rng := rand.New(rand.NewPCG(cfg.Seed, streamSessions+uint64(number)))
	which := rng.IntN(len(agents))
	s := &session{
		number: number, rng: rng, agent: agents[which],
		id:     "conv_" + randomHex(rng, 24),
		user:   "user_" + randomHex(rng, 12),
		tenant: pick(rng, tenants),
	}
	s.planned = make([]turnPlan, intBetween(rng, cfg.TurnsPerSession))
	if cfg.Profile == Small {
		for i := range s.planned {
			s.planned[i] = planSmall(cfg, rng)
		}
		return s
	}
	prompts := rand.New(rand.NewPCG(cfg.Seed, streamPrompts+uint64(which)))
	s.system = string(appendText(nil, prompts, cfg.PayloadBytes))
	for i := range s.planned {
		s.planned[i] = planTurn(cfg, rng, s.agent)
	}
	s.unit = solveUnit(cfg, s)
	return s
}

func (s *session) done() bool { return s.next == len(s.planned) }

// turn writes the next planned turn, which starts at s.start.
func (s *session) turn(cfg Config) Trace {
	plan := s.planned[s.next]
	t := Trace{Turn: s.next, Start: s.start, End: s.start.Add(plan.duration), Trouble: plan.trouble}
	w := newWriter(s.rng)
	if cfg.Profile == Small {
		w.service(cfg, plan)
	} else {
		t.Session = s.id
		(&agentWriter{writer: w, session: s, plan: plan}).turn()
	}
	w.stamp(t.Start, plan.duration)
	t.ID, t.Spans = w.id, w.traces
	s.planned[s.next] = turnPlan{} // its memory is not needed again
	s.next++
	return t
}

// Encoded sizes of what is around the texts, in bytes, as measured over many traces. They may be off by some per
// cent; the texts are most of an agent's traffic.
const (
	rootBytes     = 560
	stepBytes     = 110
	chatBytes     = 680
	toolBytes     = 330
	childBytes    = 310
	messageFrame  = 60
	callFrame     = 90
	responseFrame = 105
)

// minAgentSpan is the mean size at which there is still room for texts between the frames.
const minAgentSpan = 2000

// solveUnit finds the bytes per unit of text that make the session's planned turns come out at the mean size.
// Each model call sends the whole history again, so the turns' sizes are sums of sums; but they are linear in the unit.
func solveUnit(cfg Config, s *session) float64 {
	var spans int
	var fixed, units, historyBytes, historyUnits float64
	for _, t := range s.planned {
		spans += t.spans
		fixed += rootBytes
		historyBytes += messageFrame
		historyUnits += t.user
		for _, step := range t.steps {
			chats := 1.0
			if step.chatRetried {
				chats++
			}
			fixed += stepBytes + childBytes + chats*(chatBytes+float64(len(s.system))+historyBytes)
			units += chats * historyUnits
			output, outputUnits := float64(messageFrame), step.answer
			for _, c := range step.calls {
				fixed += toolBytes + float64(c.children)*childBytes
				units += c.args + c.result
				if c.retried {
					fixed += toolBytes
					units += c.args
				}
				output += callFrame
				outputUnits += c.args
				historyBytes += responseFrame
				historyUnits += c.result
			}
			fixed += output
			units += outputUnits
			historyBytes += output
			historyUnits += outputUnits
		}
	}
	return max(0, (float64(cfg.PayloadBytes*spans)-fixed)/units)
}
