package toml

// Who may add to which table (toml11's rules, looser than the specification's
// in one place: [a.c] may add a table to an `a` that dotted keys made):
//
//   - a header may pass through any table but an inline one, and through the last
//     element of an array of tables; it may define a table that other headers
//     made implicitly, once;
//   - a dotted key may pass through tables that dotted keys made, only;
//   - a key is set once.

// assign sets the value of a dotted key in t.
func (p *parser) assign(t *Table, keys []string, loc span, v any) {
	for _, key := range keys[:len(keys)-1] {
		t = p.descend(t, key, loc, true)
	}
	key := keys[len(keys)-1]
	if _, ok := t.Values[key]; ok {
		p.fail(loc, "toml::insert_value: failed to insert a value, value already exists", "inserting this")
	}
	t.set(key, v)
}

// define makes the table of a header and returns it.
func (p *parser) define(root *Table, keys []string, loc span, double bool) *Table {
	t := root
	for _, key := range keys[:len(keys)-1] {
		t = p.descend(t, key, loc, false)
	}
	key := keys[len(keys)-1]
	old, exists := t.Values[key]
	fresh := newTable(explicit, loc)
	if double {
		if !exists {
			t.set(key, &tables{[]*Table{fresh}, loc})
			return fresh
		}
		if list, ok := old.(*tables); ok {
			list.elems = append(list.elems, fresh)
			return fresh
		}
		title := "toml::insert_value: failed to insert an array of tables, value already exists"
		if isTables(old) {
			title = "toml::insert_value: failed to insert a table, inline array of tables is immutable"
		}
		p.fail(loc, title, "while inserting this")
	}
	if !exists {
		t.set(key, fresh)
		return fresh
	}
	known, ok := old.(*Table)
	if !ok || known.form != implicit {
		p.fail(loc, "toml::insert_value: failed to insert a table, table already defined", "inserting this")
	}
	known.form, known.loc = explicit, loc
	return known
}

// descend goes to the table at key, making it if there is nothing.
func (p *parser) descend(t *Table, key string, loc span, byDots bool) *Table {
	switch v := t.Values[key].(type) {
	case nil:
		f := implicit
		if byDots {
			f = dotted
		}
		fresh := newTable(f, loc)
		t.set(key, fresh)
		return fresh
	case *Table:
		if v.form == inline {
			p.fail(loc, "toml::insert_value: failed to insert a value: inline table is immutable", "inserting this")
		}
		if byDots && v.form != dotted {
			p.fail(loc, "toml::insert_value: reopening a table using dotted keys", "dotted key cannot reopen a table")
		}
		return v
	case *tables:
		if byDots {
			p.fail(loc, "toml::insert_value:dotted key cannot reopen an array-of-tables", "inserting this")
		}
		return v.elems[len(v.elems)-1]
	default:
		if isTables(v) {
			p.fail(loc, "toml::insert_value:inline array of tables are immutable", "inserting this")
		}
		p.fail(loc, "toml::insert_value: failed to insert a value, value already exists", "while inserting this")
	}
	return nil
}

// isTables reports whether v is a written array of nothing but tables.
func isTables(v any) bool {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return false
	}
	for _, e := range list {
		if _, ok := e.(*Table); !ok {
			return false
		}
	}
	return true
}
