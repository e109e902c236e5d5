-- The treating physician's number tells who treats whom: it stands in sealed_person alone.
alter table case_file drop column treating_physician;
