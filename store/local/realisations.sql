-- Nix's extension for content-addressed derivations, the schema migration
-- 20220326-ca-derivations. A Realisation says which path an output came to be.
create table if not exists Realisations (
    id integer primary key autoincrement not null,
    drvPath text not null,    -- hash modulo of the derivation, not a path
    outputName text not null,
    outputPath integer not null,
    signatures text,          -- separated by spaces
    foreign key (outputPath) references ValidPaths(id) on delete cascade
);
create index if not exists IndexRealisations on Realisations(drvPath, outputName);
-- Two realisations may come to the same path, and one refer to the other.
create trigger if not exists DeleteSelfRefsViaRealisations before delete on ValidPaths
  begin
    delete from RealisationsRefs where realisationReference in (
      select id from Realisations where outputPath = old.id
    );
  end;
create table if not exists RealisationsRefs (
    referrer integer not null,
    realisationReference integer,
    foreign key (referrer) references Realisations(id) on delete cascade,
    foreign key (realisationReference) references Realisations(id) on delete restrict
);
create index if not exists IndexRealisationsRefsRealisationReference on RealisationsRefs(realisationReference);
create index if not exists IndexRealisationsRefs on RealisationsRefs(referrer);
create index if not exists IndexRealisationsRefsOnOutputPath on Realisations(outputPath);
