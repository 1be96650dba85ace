"""Our classes and properties as constants: made by `iesi-kg build` from ontology/iesi.ttl, not edited."""

from __future__ import annotations

from pyoxigraph import NamedNode

ADDRESSES_OBJECTIVE = NamedNode("https://w3id.org/iesi-kg/ontology#addressesObjective")  # addresses objective
CODE = NamedNode("https://w3id.org/iesi-kg/ontology#code")  # code of the finding
CODES = NamedNode("https://w3id.org/iesi-kg/ontology#codes")  # codes
CODING = NamedNode("https://w3id.org/iesi-kg/ontology#Coding")  # coding
COLUMN = NamedNode("https://w3id.org/iesi-kg/ontology#column")  # column
COUNTRY = NamedNode("https://w3id.org/iesi-kg/ontology#country")  # country
DATE_READ = NamedNode("https://w3id.org/iesi-kg/ontology#dateRead")  # date read
DOCUMENT = NamedNode("https://w3id.org/iesi-kg/ontology#document")  # document
END_YEAR = NamedNode("https://w3id.org/iesi-kg/ontology#endYear")  # end year
EVALUATION_METHOD = NamedNode("https://w3id.org/iesi-kg/ontology#evaluationMethod")  # evaluation method
FUNDING_TEXT = NamedNode("https://w3id.org/iesi-kg/ontology#fundingText")  # funding, in words
GOVERNANCE_LEVEL = NamedNode("https://w3id.org/iesi-kg/ontology#governanceLevel")  # governance level
HAS_CODING = NamedNode("https://w3id.org/iesi-kg/ontology#hasCoding")  # has coding
HAS_OUTCOME = NamedNode("https://w3id.org/iesi-kg/ontology#hasOutcome")  # has outcome
HAS_SOURCE_READING = NamedNode("https://w3id.org/iesi-kg/ontology#hasSourceReading")  # has source reading
ICT_POTENTIAL = NamedNode("https://w3id.org/iesi-kg/ontology#ictPotential")  # ICT-enabled innovation potential
ICT_ROLE = NamedNode("https://w3id.org/iesi-kg/ontology#ictRole")  # ICT role
INCLUDED_IN = NamedNode("https://w3id.org/iesi-kg/ontology#includedIn")  # included in edition
INITIATIVE = NamedNode("https://w3id.org/iesi-kg/ontology#Initiative")  # initiative
INTEGRATION_LEVEL = NamedNode("https://w3id.org/iesi-kg/ontology#integrationLevel")  # level of service integration
INVOLVES = NamedNode("https://w3id.org/iesi-kg/ontology#involves")  # involves
LOCATOR = NamedNode("https://w3id.org/iesi-kg/ontology#locator")  # locator
MAP_EDITION = NamedNode("https://w3id.org/iesi-kg/ontology#MapEdition")  # edition of the map
MEETS_ELEMENT = NamedNode("https://w3id.org/iesi-kg/ontology#meetsElement")  # meets element of the definition
OUTCOME = NamedNode("https://w3id.org/iesi-kg/ontology#Outcome")  # outcome
PARTICIPATION = NamedNode("https://w3id.org/iesi-kg/ontology#Participation")  # participation
PLACE_NAME = NamedNode("https://w3id.org/iesi-kg/ontology#placeName")  # place name
PUBLISHER_NAME = NamedNode("https://w3id.org/iesi-kg/ontology#publisherName")  # publisher name
RANK = NamedNode("https://w3id.org/iesi-kg/ontology#rank")  # rank
READING_STATUS = NamedNode("https://w3id.org/iesi-kg/ontology#readingStatus")  # reading status
SOURCE_DOCUMENT = NamedNode("https://w3id.org/iesi-kg/ontology#SourceDocument")  # source document
SOURCE_READING = NamedNode("https://w3id.org/iesi-kg/ontology#SourceReading")  # source reading
START_YEAR = NamedNode("https://w3id.org/iesi-kg/ontology#startYear")  # start year
TARGET_GROUP_TEXT = NamedNode("https://w3id.org/iesi-kg/ontology#targetGroupText")  # target group, in words
TECHNOLOGY = NamedNode("https://w3id.org/iesi-kg/ontology#technology")  # technology
TECHNOLOGY_TEXT = NamedNode("https://w3id.org/iesi-kg/ontology#technologyText")  # technology, in words
USER_ROLE = NamedNode("https://w3id.org/iesi-kg/ontology#userRole")  # user role
VERIFICATION_STATUS = NamedNode("https://w3id.org/iesi-kg/ontology#verificationStatus")  # verification status
