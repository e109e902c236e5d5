-- What people chose to tell for the mission's indicators: codes only. The commune itself is not kept, only its département (case_file.department_code).
create table social_facts (
  case_id uuid primary key references case_file (id),
  pcs_group text constraint social_pcs check (pcs_group in ('1', '2', '3', '4', '5', '6', '7', '8', 'prefer_not_to_say')),
  mission_category text,
  mapping_version int not null,
  disability text constraint social_disability check (disability in ('yes', 'no', 'prefer_not_to_say')),
  heard_from text,
  version bigint not null default 1,
  told_at timestamptz not null
);
