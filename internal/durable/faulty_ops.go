package durable

// MkdirAll implements FS.
func (f *Faulty) MkdirAll(dir string) error {
	return f.do(OpMkdirAll, dir, func() error { return f.fs.MkdirAll(dir) })
}

// Create implements FS. A file that was made in spite of the error is closed.
func (f *Faulty) Create(name string) (File, error) { return f.file(OpCreate, name, f.fs.Create) }

// Open implements FS.
func (f *Faulty) Open(name string) (File, error) { return f.file(OpOpen, name, f.fs.Open) }

func (f *Faulty) file(op Op, name string, call func(string) (File, error)) (File, error) {
	var file File
	err := f.do(op, name, func() (err error) {
		file, err = call(name)
		return err
	})
	if err != nil {
		if file != nil {
			file.Close() // the caller was told that there is none
		}
		return nil, err
	}
	return &faultyFile{File: file, fs: f, name: name}, nil
}

// Remove implements FS.
func (f *Faulty) Remove(name string) error {
	return f.do(OpRemove, name, func() error { return f.fs.Remove(name) })
}

// Rename implements FS. Rules see the old name.
func (f *Faulty) Rename(oldName, newName string) error {
	return f.do(OpRename, oldName, func() error { return f.fs.Rename(oldName, newName) })
}

// ReadDir implements FS.
func (f *Faulty) ReadDir(dir string) (names []string, err error) {
	err = f.do(OpReadDir, dir, func() (err error) {
		names, err = f.fs.ReadDir(dir)
		return err
	})
	return names, err
}

// SyncDir implements FS.
func (f *Faulty) SyncDir(dir string) error {
	return f.do(OpSyncDir, dir, func() error { return f.fs.SyncDir(dir) })
}

// Free implements FS.
func (f *Faulty) Free(dir string) (free, total uint64, err error) {
	err = f.do(OpFree, dir, func() (err error) {
		free, total, err = f.fs.Free(dir)
		return err
	})
	return free, total, err
}

type faultyFile struct {
	File
	fs   *Faulty
	name string
}

func (f *faultyFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.fs.do(OpRead, f.name, func() (err error) {
		n, err = f.File.ReadAt(p, off)
		return err
	})
	return n, err
}

func (f *faultyFile) WriteAt(p []byte, off int64) (int, error) { return f.WriteVec([][]byte{p}, off) }

func (f *faultyFile) WriteVec(bufs [][]byte, off int64) (int, error) {
	r, ok := f.fs.check(OpWrite, f.name)
	if !ok {
		return f.File.WriteVec(bufs, off)
	}
	var total int
	for _, b := range bufs {
		total += len(b)
	}
	keep := map[Effect]int{Nothing: 0, Half: total / 2, Whole: total}[r.Effect]
	var n int
	for _, b := range bufs {
		part := b[:min(len(b), keep-n)]
		if len(part) == 0 {
			continue
		}
		m, err := f.File.WriteAt(part, off+int64(n))
		n += m
		if err != nil {
			break // the rule's error is reported in its place
		}
	}
	return n, r.Err
}

func (f *faultyFile) Size() (n int64, err error) {
	err = f.fs.do(OpSize, f.name, func() (err error) {
		n, err = f.File.Size()
		return err
	})
	return n, err
}

func (f *faultyFile) Truncate(size int64) error {
	return f.fs.do(OpTruncate, f.name, func() error { return f.File.Truncate(size) })
}

func (f *faultyFile) Preallocate(size int64) error {
	return f.fs.do(OpPreallocate, f.name, func() error { return f.File.Preallocate(size) })
}

func (f *faultyFile) Sync() error {
	return f.fs.do(OpSync, f.name, f.File.Sync)
}

func (f *faultyFile) Close() error {
	return f.fs.do(OpClose, f.name, f.File.Close)
}
