-- Access to physicians by département: the file Indicators/data/department_classes.csv, one version after the other, each kept.
create table department_class_version (
  version int primary key,
  year int not null,
  source text not null,
  sha256 text not null
);

create table department_class (
  version int not null references department_class_version,
  code text not null,
  name text not null,
  class text not null constraint department_class_known check (class in ('desert', 'intermediate', 'well_served')),
  primary key (version, code)
);
