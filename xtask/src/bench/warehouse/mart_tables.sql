CREATE TABLE IF NOT EXISTS Account (Id STRING, Name STRING, Industry STRING, Type STRING, BillingCountry STRING, OwnerId STRING, ParentId STRING, AnnualRevenue NUMERIC, NumberOfEmployees INT64, CreatedDate TIMESTAMP, SystemModstamp TIMESTAMP, IsDeleted BOOL);
CREATE TABLE IF NOT EXISTS User (Id STRING, Name STRING, Email STRING, Department STRING, ManagerId STRING, IsActive BOOL);
CREATE TABLE IF NOT EXISTS Opportunity (Id STRING, AccountId STRING, OwnerId STRING, CampaignId STRING, Name STRING, StageName STRING, Type STRING, LeadSource STRING, ForecastCategory STRING, Amount NUMERIC, Probability FLOAT64, CloseDate DATE, CreatedDate TIMESTAMP, SystemModstamp TIMESTAMP, IsWon BOOL, IsClosed BOOL, IsDeleted BOOL);
CREATE TABLE IF NOT EXISTS OpportunityLineItem (Id STRING, OpportunityId STRING, Product2Id STRING, Quantity FLOAT64, UnitPrice NUMERIC, TotalPrice NUMERIC, Discount FLOAT64, ServiceDate DATE, IsDeleted BOOL);
CREATE TABLE IF NOT EXISTS Product2 (Id STRING, Name STRING, Family STRING, ProductCode STRING, IsActive BOOL);
CREATE TABLE IF NOT EXISTS Task (Id STRING, WhatId STRING, WhoId STRING, OwnerId STRING, Subject STRING, Status STRING, Priority STRING, ActivityDate DATE, CreatedDate TIMESTAMP, IsClosed BOOL, IsDeleted BOOL);
CREATE TABLE IF NOT EXISTS `Case` (Id STRING, AccountId STRING, Subject STRING, Status STRING, Priority STRING, Origin STRING, CreatedDate TIMESTAMP, ClosedDate TIMESTAMP, IsClosed BOOL, IsDeleted BOOL);
CREATE TABLE IF NOT EXISTS Campaign (Id STRING, Name STRING, Type STRING, Status STRING, BudgetedCost NUMERIC, ActualCost NUMERIC, StartDate DATE, EndDate DATE);
CREATE TABLE IF NOT EXISTS Contact (Id STRING, AccountId STRING, Email STRING, Title STRING, CreatedDate TIMESTAMP, IsDeleted BOOL)
