-- Secret parameters of schedule links: sealed, and named in a JSON array. The version grows with each new set of parameters.
-- Oldest program: 19
ALTER TABLE runsmith.schedule_links ADD secret_names nvarchar(max) NOT NULL
  CONSTRAINT df_schedule_links_secret_names DEFAULT N'[]' CONSTRAINT ck_schedule_links_secret_names CHECK (ISJSON(secret_names) = 1);
ALTER TABLE runsmith.schedule_links ADD parameters_version int NOT NULL CONSTRAINT df_schedule_links_parameters_version DEFAULT 1;
GO
