package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// WriteValidity writes what ReadValidity reads: for each path its name, its hash
// and size, its deriver or an empty line, and its references after their number.
func WriteValidity(w io.Writer, dir store.Dir, infos []*store.PathInfo) error {
	b := bufio.NewWriter(w)
	for _, i := range infos {
		fmt.Fprintf(b, "%s\n%s\n%d\n", dir.Format(i.Path), hash.Format(i.NarHash, hash.Base16), i.NarSize)
		if !i.Deriver.IsZero() {
			b.WriteString(dir.Format(i.Deriver))
		}
		fmt.Fprintf(b, "\n%d\n", len(i.References))
		for _, r := range i.References {
			b.WriteString(dir.Format(r))
			b.WriteByte('\n')
		}
	}
	return b.Flush()
}

// DumpDB writes all that WriteValidity can say of all valid paths.
func (s *Store) DumpDB(ctx context.Context, w io.Writer) error {
	paths, err := s.AllValid(ctx)
	if err != nil {
		return err
	}
	infos, err := s.QueryPathInfos(ctx, paths)
	if err != nil {
		return err
	}
	return WriteValidity(w, s.set.Dir, infos)
}

// ReadValidity reads a registration, for Register. Without hashGiven there are no
// lines for hash and size, and both are zero.
func ReadValidity(r io.Reader, dir store.Dir, hashGiven bool) ([]*store.PathInfo, error) {
	v := validityReader{r: bufio.NewReader(r), dir: dir}
	var infos []*store.PathInfo
	for {
		info, err := v.info(hashGiven)
		if err == io.EOF {
			return infos, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read registration, line %d: %w", v.n, err)
		}
		infos = append(infos, info)
	}
}

type validityReader struct {
	r   *bufio.Reader
	dir store.Dir
	n   int
}

func (v *validityReader) line() (string, error) {
	s, err := v.r.ReadString('\n')
	if err == io.EOF {
		err = errors.New("missing input")
	}
	v.n++
	return strings.TrimSuffix(s, "\n"), err
}

func (v *validityReader) path() (store.Path, error) {
	s, err := v.line()
	if err != nil {
		return store.Path{}, err
	}
	return v.dir.Parse(s)
}

func (v *validityReader) number() (int64, error) {
	s, err := v.line()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, errors.New("number expected")
	}
	return n, nil
}

func (v *validityReader) info(hashGiven bool) (*store.PathInfo, error) {
	if _, err := v.r.Peek(1); err == io.EOF {
		return nil, io.EOF
	}
	info := &store.PathInfo{}
	var err error
	if info.Path, err = v.path(); err != nil {
		return nil, err
	}
	if hashGiven {
		s, err := v.line()
		if err != nil {
			return nil, err
		}
		if info.NarHash, err = hash.Parse(s, hash.SHA256); err != nil {
			return nil, err
		}
		if info.NarSize, err = v.number(); err != nil {
			return nil, err
		}
	}
	deriver, err := v.line()
	if err != nil {
		return nil, err
	}
	if deriver != "" {
		if info.Deriver, err = v.dir.Parse(deriver); err != nil {
			return nil, err
		}
	}
	n, err := v.number()
	if err != nil {
		return nil, err
	}
	for range n {
		p, err := v.path()
		if err != nil {
			return nil, err
		}
		info.References = append(info.References, p)
	}
	info.References = store.SortPaths(info.References)
	return info, nil
}
