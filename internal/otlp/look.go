package otlp

// Attribute is an attribute of a span, its own or one of its events'.
type Attribute struct {
	Key     []byte
	Text    []byte // of a string; nil for anything else
	Size    int    // bytes of the value, as it was written
	OnEvent bool
}

const (
	droppedAttributes = 10<<3 | wireVarint
	spanEvents        = 11<<3 | wireLen
	eventAttribute    = 3<<3 | wireLen
	textValue         = 1<<3 | wireLen
)

// Look reads a Span message and calls each with every attribute, whatever its key. It returns how many attributes the
// span says it had to drop. The message must be one that Walk has accepted; what cannot be read ends the reading.
func Look(span []byte, each func(*Attribute)) (droppedN uint64) {
	var a Attribute
	for pos := 0; pos < len(span); {
		tag, val, next := readField(span, pos)
		if next < 0 {
			return droppedN
		}
		switch tag {
		case spanAttribute:
			a = attributeOf(span[val:next])
			each(&a)
		case droppedAttributes:
			droppedN = val
		case spanEvents:
			lookAtEvent(span[val:next], each)
		}
		pos = next
	}
	return droppedN
}

func lookAtEvent(event []byte, each func(*Attribute)) {
	for pos := 0; pos < len(event); {
		tag, val, next := readField(event, pos)
		if next < 0 {
			return
		}
		if tag == eventAttribute {
			a := attributeOf(event[val:next])
			a.OnEvent = true
			each(&a)
		}
		pos = next
	}
}

// attributeOf reads a KeyValue message.
func attributeOf(message []byte) (a Attribute) {
	for pos := 0; pos < len(message); {
		tag, val, next := readField(message, pos)
		if next < 0 {
			return a
		}
		switch tag {
		case attributeKey:
			a.Key = message[val:next]
		case attributeValue:
			value := message[val:next]
			a.Size, a.Text = len(value), nil
			if len(value) > 0 {
				if tag, from, to := readField(value, 0); to == len(value) && tag == textValue {
					a.Text = value[from:to]
				}
			}
		}
		pos = next
	}
	return a
}
