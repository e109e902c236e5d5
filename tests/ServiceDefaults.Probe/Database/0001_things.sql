create table thing (id uuid primary key, name text not null);
create table withdrawal (case_id uuid not null, seen int not null);
