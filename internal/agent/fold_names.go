package agent

// name takes from the span what it can tell about the trace's identity.
func (r *reading) name() {
	f := r.facts
	process, said := classSpan, classSpan
	if r.isRoot() {
		process, said = classRoot, classRoot
		f.roots++
		r.nameRoot()
	}
	r.offer(&f.service, roleService, process, r.in)
	r.offer(&f.environment, roleEnvironment, process, r.in)
	if service := r.text(roleService); service != nil {
		f.services.addBytes(service, r.in)
	}
	r.nameModel()
	r.offer(&f.agent, roleAgent, r.class(roleAgent, said), r.in)
	r.offer(&f.session, roleSession, r.class(roleSession, said), nil)
	r.offer(&f.user, roleUser, r.class(roleUser, said), nil)
	r.noteUser()
	r.offer(&f.tenant, roleTenant, r.class(roleTenant, said), r.in)
	r.offer(&f.feature, roleFeature, r.class(roleFeature, said), r.in)
	r.offer(&f.version, roleVersion, r.class(roleVersion, said), r.in)
	r.offer(&f.prompt, rolePrompt, said, r.in)
	r.offer(&f.promptVersion, rolePromptVersion, said, r.in)
	r.offer(&f.incident, roleIncident, said, r.in)
}

// class ranks what a resource or scope says behind what any span says itself: an id that stands on the process is
// there because somebody had no better place for it.
func (r *reading) class(as role, said int) int {
	if r.texts[as].place != onSpan {
		return classAbout
	}
	return said
}

func (r *reading) offer(p *pick, as role, class int, share *Interner) {
	if r.texts[as].at == 0 {
		return
	}
	if at := rankOf(class, r.span); p.wants(at) {
		p.offer(at, r.text(as), share)
	}
}

// nameRoot takes name and status from the earliest root. Of roots that rank the same, the lower name, then the
// lower status count.
func (r *reading) nameRoot() {
	root := &r.facts.root
	at := rankOf(classRoot, r.span)
	first := r.facts.roots == 1
	if !first && at.compare(root.rank) > 0 {
		return
	}
	name := r.in.text(r.span.Name.In(r.body))
	if same := !first && at == root.rank; same && (name > root.text || name == root.text && r.span.Status >= root.status) {
		return
	}
	*root = rootFacts{pick: pick{text: name, rank: at}, status: r.span.Status}
}

// nameModel notes the model that answered, or else the one that was asked for.
func (r *reading) nameModel() {
	into := &r.facts.otherModels
	switch {
	case r.kind.callsModel():
		into = &r.facts.models
	case r.kind == spanIdle:
		return
	}
	if model := r.model(); model != nil {
		into.addBytes(model, r.in)
	}
}

// model returns the model that answered, or else the one that was asked for.
func (r *reading) model() []byte {
	if answered := r.text(roleAnswered); answered != nil {
		return answered
	}
	return r.text(roleAsked)
}
