package settings

// kind is the type of a setting: it decides what is accepted, whether `extra-`
// appends, and how the value prints.
type kind uint8

const (
	kindBool     kind = iota
	kindInt           // an unsigned number, with K, M, G or T for powers of 1024
	kindJobs          // kindInt, or "auto" for the number of CPUs
	kindString        // anything
	kindPath          // an absolute path
	kindOptPath       // an absolute path or nothing
	kindEnum          // one word of Def.Words
	kindStrings       // words in order
	kindSet           // words, sorted and unique
	kindFeatures      // kindSet of experimental features
	kindMap           // name=value words, sorted by name
	kindPaths         // kindMap of sandbox paths: inside[=outside][?]
	kindJSON          // a JSON text
)

// appendable says whether `extra-NAME` exists.
func (k kind) appendable() bool {
	switch k {
	case kindStrings, kindSet, kindFeatures, kindMap, kindPaths:
		return true
	}
	return false
}

// Def is what is known of a setting before it has a value.
type Def struct {
	Name    string
	Kind    kind
	Default string // in nix.conf's notation; the machine's where machine is set
	Doc     string // one line
	Aliases []string
	Feature string   // the experimental feature it belongs to, if any
	Words   []string // the words of a kindEnum
	// machine computes a default that depends on where we run.
	machine func(World) string
}

// Table is every setting of Nix 2.36, by topic. A test compares it with the
// names that real Nix knows.
var Table = concat(storeSettings, buildSettings, transferSettings, evalSettings, cliSettings)

func concat(tables ...[]Def) []Def {
	var all []Def
	for _, t := range tables {
		all = append(all, t...)
	}
	return all
}

// byName finds definitions by name and alias.
var byName = func() map[string]*Def {
	m := make(map[string]*Def, 2*len(Table))
	for i := range Table {
		d := &Table[i]
		m[d.Name] = d
		for _, a := range d.Aliases {
			m[a] = d
		}
	}
	return m
}()

// Lookup finds a setting by its name or an old name. With `extra-` before the
// name of a list it reports that the value is to be appended.
func Lookup(name string) (def *Def, appends bool, ok bool) {
	if d := byName[name]; d != nil {
		return d, false, true
	}
	if len(name) > 6 && name[:6] == "extra-" {
		if d := byName[name[6:]]; d != nil && d.Kind.appendable() {
			return d, true, true
		}
	}
	return nil, false, false
}

// IsBool says whether the setting's flag takes no value.
func (d *Def) IsBool() bool { return d.Kind == kindBool }

// Appendable says whether `extra-NAME` adds to the setting.
func (d *Def) Appendable() bool { return d.Kind.appendable() }

// features are the experimental features of Nix 2.36.
var features = map[string]bool{
	"auto-allocate-uids": true, "blake3-hashes": true, "ca-derivations": true, "cgroups": true,
	"configurable-impure-env": true, "daemon-trust-override": true, "dynamic-derivations": true,
	"external-builders": true, "fetch-closure": true, "fetch-tree": true, "flakes": true,
	"git-hashing": true, "impure-derivations": true, "local-overlay-store": true,
	"mounted-ssh-store": true, "nix-command": true, "parse-toml-timestamps": true,
	"pipe-operators": true, "read-only-local-store": true, "recursive-nix": true,
	"verified-fetches": true,
}
