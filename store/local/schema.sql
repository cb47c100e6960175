-- Nix's database, schema version 10. Nix reads and writes it too: every name,
-- type and constraint is part of the format.
create table if not exists ValidPaths (
    id               integer primary key autoincrement not null,
    path             text unique not null,
    hash             text not null,    -- of the NAR, sha256:<base 16>
    registrationTime integer not null, -- seconds
    deriver          text,
    narSize          integer,
    ultimate         integer,          -- 1 or null
    sigs             text,             -- separated by spaces
    ca               text              -- content address
);
create table if not exists Refs (
    referrer  integer not null,
    reference integer not null,
    primary key (referrer, reference),
    foreign key (referrer) references ValidPaths(id) on delete cascade,
    foreign key (reference) references ValidPaths(id) on delete restrict
);
create index if not exists IndexReferrer on Refs(referrer);
create index if not exists IndexReference on Refs(reference);
-- A path that refers to itself could never be deleted: its own row restricts it.
create trigger if not exists DeleteSelfRefs before delete on ValidPaths
  begin
    delete from Refs where referrer = old.id and reference = old.id;
  end;
create table if not exists DerivationOutputs (
    drv  integer not null,
    id   text not null, -- name of the output
    path text not null,
    primary key (drv, id),
    foreign key (drv) references ValidPaths(id) on delete cascade
);
create index if not exists IndexDerivationOutputs on DerivationOutputs(path);
